using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Pipeline.Delivery;
using Pipeline.Diagnostics;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>A collector receives what the app does with a list, and no secret.</summary>
[Trait("Needs", "servers")]
[Trait("Promise", "6")]
public sealed class TelemetryTests(Servers servers)
{
    private const string ListId = "traced-by-functions";

    [Fact]
    public async Task ACollectorReceivesTheTraceTheMetricsAndTheLogOfAList()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var app = await FunctionsApp.StartAsync(new()
        {
            Azure = await servers.AzureAsync(),
            Settings = [.. collector.Variables],
        });
        var inputs = Enumerable.Range(1, 5).Select(i => new { url = $"http://sample.test/sample/generated/{i}" });
        await app.Queue.SendAsync(
            QueueNames.UrlLists, [JsonSerializer.SerializeToUtf8Bytes(new { list_id = ListId, inputs })],
            TimeSpan.Zero, TestContext.Current.CancellationToken);
        await SweepUntilClosedAsync(app);
        app.Services.GetRequiredService<TracerProvider>().ForceFlush();
        app.Services.GetRequiredService<MeterProvider>().ForceFlush();
        app.Services.GetRequiredService<LoggerProvider>().ForceFlush();

        var trace = ListTrace.IdOf(ListId).ToHexString();
        TestContext.Current.TestOutputHelper?.WriteLine(collector.DrawTrace(trace));
        TestContext.Current.TestOutputHelper?.WriteLine(collector.DrawMetricsAndLog());
        var spans = collector.Spans.Where(span => span.TraceId == trace).ToList();
        string[] names =
        [
            "process url-lists", "process submissions", "process webhook", "process results", "close list",
            "POST nimble", "GET s3", "POST azure",
        ];
        Assert.Empty(names.Except(spans.Select(span => span.Name)));
        // The host's span around the work is another trace.
        Assert.All(
            spans.Where(span => span.Name.StartsWith("process ", StringComparison.Ordinal)
                && span.Name != "process webhook"),
            span => Assert.NotEmpty(span.LinkedTraces));
        Assert.True(collector.Sum("pipeline.records") >= 5);
        Assert.Contains(
            collector.Logs,
            log => log.TraceId == trace && log.Body.Contains($"{ListId} is closed", StringComparison.Ordinal));

        var token = app.Services.GetRequiredService<CallbackTokens>().UrlFor($"{ListId}-000000")!.Segments[^1];
        string[] secrets = [token, AppSettings.ApiKey, "AccountKey", "SharedKey", "sig=", "Bearer ", "AWS4-HMAC"];
        Assert.All(
            secrets, secret => Assert.DoesNotContain(secret, collector.Raw, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task SweepUntilClosedAsync(FunctionsApp app)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (await app.Ledger.GetListAsync(ListId, limit.Token) is not { State: ListState.Closed })
        {
            await app.Host.InvokeTimerAsync("Sweep", limit.Token);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, limit.Token);
        }
    }
}
