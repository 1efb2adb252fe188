using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>
/// Measures what docs/operating.md says about polling: how often an idle host asks its queues, and when the first
/// record of a list comes. They take minutes and assert nothing, so they run only when asked for.
/// </summary>
[Trait("Needs", "servers")]
public sealed class PollingMeasurements(Servers servers)
{
    // Longer than the listener takes to reach its longest interval.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(15);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData("00:00:02")]
    [InlineData("00:00:05")]
    public async Task ForEachLongestInterval(string interval)
    {
        const int lists = 8;
        var account = await servers.AzureAsync();
        await using var proxy = await FaultProxy.StartAsync(account.Queues);
        await using var app = await FunctionsApp.StartAsync(new()
        {
            Azure = account,
            Listener = new ListenerOptions { Queues = proxy.Address }
                .With("extensions:queues:maxPollingInterval", interval),
        });
        foreach (var queue in QueueTriggers.All.Values.Select(trigger => trigger.QueueName).Append("records"))
            await app.QueueAsync(queue);
        await Task.Delay(Idle, TimeProvider.System, Token);
        var before = proxy.Seen.Count;
        await Task.Delay(TimeSpan.FromMinutes(1), TimeProvider.System, Token);
        Write($"{interval}: an idle host sends {proxy.Seen.Count - before} requests a minute to its queues");

        var seconds = new List<double>();
        for (var i = 0; i < lists; i++)
        {
            seconds.Add(await FirstRecordAsync(app, i));
            await Task.Delay(Idle + TimeSpan.FromSeconds(i / 4.0), TimeProvider.System, Token);
        }
        Write($"{interval}: first record after {string.Join(", ", seconds.Order().Select(s => s.ToString("0.0",
            CultureInfo.InvariantCulture)))} s");
    }

    [Fact(Explicit = true)]
    public async Task TheCloseOfAListThatTwoHostsShare()
    {
        const string list = "shared";
        using var folder = new TempFolder();
        await using var emulator = await AppSettings.StartEmulatorAsync(folder.Path);
        var account = await servers.AzureAsync();
        var options = new DeployedAppOptions
        {
            Settings = [("Pipeline__Intake__MaxInputsPerSubmission", "100")],
            Listener = new() { Changes = new Dictionary<string, string>() },
        };
        await using var one = await DeployedApp.StartAsync(account, emulator, options);
        await using var other = await DeployedApp.StartAsync(account, emulator, options);
        var urls = Enumerable.Range(1, 1000).Select(i => new { url = $"http://sample.test/sample/generated/{i}" });
        await one.Queue.SendAsync(
            QueueNames.UrlLists, [JsonSerializer.SerializeToUtf8Bytes(new { list_id = list, inputs = urls })],
            TimeSpan.Zero, Token);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(2));

        ListEntry? closed;
        while ((closed = await one.Ledger.GetListAsync(list, limit.Token)) is not { State: ListState.Closed })
            await Task.Delay(50, limit.Token);

        var last = DateTimeOffset.MinValue;
        await foreach (var submission in one.Ledger.GetSubmissionsAsync(list, 0, limit.Token))
            foreach (var input in await one.Ledger.GetInputsAsync(submission.SubmissionId, limit.Token))
                last = input.FinishedAt > last ? input.FinishedAt.Value : last;
        var collected = new[] { one, other }.Select(app => app.Host.Deliveries.Count(d => d.Function == "Collect"));
        Write($"closed {(closed.ClosedAt - last)?.TotalSeconds:0.00} s after the last of 1,000 outcomes; messages that "
            + $"each host collected: {string.Join(" and ", collected)}");
    }

    private static async Task<double> FirstRecordAsync(FunctionsApp app, int number)
    {
        var records = await app.QueueAsync("records");
        await records.ClearMessagesAsync(Token);
        var start = Stopwatch.GetTimestamp();
        await app.SendAsync(QueueNames.UrlLists, $"http://sample.test/sample/generated/{number}\n");
        while ((await records.PeekMessagesAsync(1, Token)).Value.Length == 0)
            await Task.Delay(20, Token);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Write(string line) => TestContext.Current.SendDiagnosticMessage(line);
}
