using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Options;
using Pipeline.Tests.Infra;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>The computed tables of scale.md and operating.md follow from counts.json.</summary>
public sealed class CostTests
{
    private static readonly string Docs = Path.Combine(Repository.Root, "docs");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThePagesSayWhatTheScriptComputes()
    {
        using var copy = new TempFolder();
        foreach (var file in new[] { "counts.json", "scale.md", "operating.md" })
            File.Copy(Path.Combine(Docs, file), copy[file]);
        await ComputeAsync(copy.Path);
        foreach (var page in new[] { "scale.md", "operating.md" })
            Assert.Equal(
                await File.ReadAllTextAsync(copy[page], Ct),
                await File.ReadAllTextAsync(Path.Combine(Docs, page), Ct));
    }

    [Fact]
    public async Task AnotherPriceGivesAnotherTable()
    {
        using var copy = new TempFolder();
        var counts = await File.ReadAllTextAsync(Path.Combine(Docs, "counts.json"), Ct);
        await File.WriteAllTextAsync(
            copy["counts.json"],
            counts.Replace("\"egress_gb\": 0.09", "\"egress_gb\": 0.12", StringComparison.Ordinal), Ct);
        foreach (var page in new[] { "scale.md", "operating.md" })
            File.Copy(Path.Combine(Docs, page), copy[page]);
        await ComputeAsync(copy.Path);
        Assert.Contains(
            "| 49 GB | 0.12 per GB | 5.88 |", await File.ReadAllTextAsync(copy["operating.md"], Ct),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsConfiguredIsWhatIsReckonedWith()
    {
        var configured = (await ReadAsync("docs", "counts.json")).GetProperty("configured");
        var queues = (await ReadAsync("host.json")).GetProperty("extensions").GetProperty("queues");
        var test = Assert.Single(await Bicep.ResourcesAsync("Microsoft.Insights/webtests")).GetProperty("properties");
        var app = Assert.Single(await Bicep.ResourcesAsync("Microsoft.Web/sites"))
            .GetProperty("properties").GetProperty("functionAppConfig").GetProperty("scaleAndConcurrency");
        var throttled = (await Bicep.ResourcesAsync("Microsoft.Insights/metricAlerts"))
            .Single(alert => alert.GetProperty("name").GetString()!.StartsWith("storage-", StringComparison.Ordinal))
            .GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0].GetProperty("dimensions")[0];
        var timer = Regex.Match(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src/Pipeline.Functions/SweepFunction.cs"), Ct),
            @"TimerTrigger\(""\*/(\d+) \* \* \* \* \*""\)");
        var actual = new Dictionary<string, double>
        {
            ["sweep_seconds"] = int.Parse(timer.Groups[1].Value, CultureInfo.InvariantCulture),
            ["metric_alert_series"] = throttled.GetProperty("values").GetArrayLength(),
            ["requests_per_second"] = new PipelineOptions().Nimble.RequestsPerSecond,
            ["polling_seconds"] = queues.GetProperty("maxPollingInterval").Deserialize<TimeSpan>().TotalSeconds,
            ["batch_size"] = queues.GetProperty("batchSize").GetInt32(),
            ["maximum_instances"] = app.GetProperty("maximumInstanceCount").GetInt32(),
            ["instance_gb"] = app.GetProperty("instanceMemoryMB").GetInt32() / 1024,
            ["log_alerts"] = (await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules")).Count,
            ["test_places"] = test.GetProperty("Locations").GetArrayLength(),
            ["test_minutes"] = test.GetProperty("Frequency").GetInt32() / 60,
            ["private_endpoints"] = (await Bicep.ResourcesAsync("Microsoft.Network/privateEndpoints")).Count,
            ["private_zones"] = (await Bicep.ResourcesAsync("Microsoft.Network/privateDnsZones")).Count,
        };
        Assert.Equal(actual, actual.Keys.ToDictionary(name => name, name => configured.GetProperty(name).GetDouble()));
    }

    private static async Task ComputeAsync(string folder)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        using var script = Process.Start(new ProcessStartInfo("python3", [Repository.Root + "/.ci/costs", folder])
        {
            RedirectStandardError = true,
        })!;
        var said = await script.StandardError.ReadToEndAsync(limit.Token);
        await script.WaitForExitAsync(limit.Token);
        Assert.Equal((0, ""), (script.ExitCode, said));
    }

    private static async Task<JsonElement> ReadAsync(params string[] path) =>
        JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine([Repository.Root, .. path]), Ct));
}
