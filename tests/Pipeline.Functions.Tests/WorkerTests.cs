using System.Text.Json;
using Pipeline.Emulator;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests;

/// <summary>The deployed app when its worker ends in the middle of its work, and when there are two hosts.</summary>
[Trait("Needs", "servers")]
public sealed class WorkerTests(Servers servers) : IAsyncLifetime
{
    private const string ListId = "l";

    private static readonly ListenerOptions RetryAtOnce =
        new ListenerOptions().With("extensions:queues:visibilityTimeout", "00:00:00");

    private readonly TempFolder _folder = new();
    private AzuriteAccount _account = null!;
    private RunningEmulator _emulator = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _account = await servers.AzureAsync();
        _emulator = await AppSettings.StartEmulatorAsync(_folder.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await _emulator.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task AWorkerThatDiesFailsItsInvocationsAndIsStartedAgain()
    {
        await using var app = await DeployedApp.StartAsync(
            _account, _emulator, new() { Listener = RetryAtOnce, CrashAt = "collect.after-ledger" });
        await SendAsync(app, 5);

        var cut = await app.Host.WaitForDeliveryAsync(d => d is { Function: "Collect", Result: null });
        await app.Host.WaitForDeliveryAsync(d => d.Id == cut.Id && d.Result == Status.Success);
        await SweepUntilClosedAsync(app);

        Assert.Equal(2, app.Host.Workers);
        Assert.Equal((5, 0), await OutcomesAsync(app));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AnInvocationThatExceedsTheHostsTimeoutReplacesTheWorkerAndPostsNothingTwice()
    {
        _emulator.SetFaults("post_slow_ms=60000");
        await using var app = await DeployedApp.StartAsync(
            _account, _emulator, new() { Listener = RetryAtOnce.With("functionTimeout", "00:00:08") });
        await SendAsync(app, 5);

        var cut = await app.Host.WaitForDeliveryAsync(d => d is { Function: "Intake", Result: not Status.Success });
        await app.Host.WaitForDeliveryAsync(d => d.Id == cut.Id && d.Result == Status.Success);

        Assert.Equal(2, app.Host.Workers);
        Assert.Equal(1, await CountBatchesAsync());
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task TheMessageOfAnOnlySubmissionIsThereIfTheWorkerDiesBeforeItPostsIt()
    {
        await using var app = await DeployedApp.StartAsync(
            _account, _emulator, new() { Listener = RetryAtOnce, CrashAt = "submit.after-budget" });
        await SendAsync(app, 5);

        var cut = await app.Host.WaitForDeliveryAsync(d => d is { Function: "Intake", Result: null });
        await app.Host.WaitForDeliveryAsync(d => d.Id == cut.Id && d.Result == Status.Success);

        Assert.Equal(0, await CountBatchesAsync());
        var queue = app.Account.Queues.GetQueueClient(QueueNames.Submissions);
        Assert.Equal(1, (await queue.GetPropertiesAsync(Token)).Value.ApproximateMessagesCount);
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task TwoHostsShareAListAndTheLastOutcomeClosesItWithoutATimer()
    {
        const int inputs = 60;
        var few = ("Pipeline__Intake__MaxInputsPerSubmission", "10");
        var options = new DeployedAppOptions { Settings = [few] };
        await using var one = await DeployedApp.StartAsync(_account, _emulator, options);
        await using var other = await DeployedApp.StartAsync(_account, _emulator, options);
        await SendAsync(one, inputs);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(2));

        while (await one.Ledger.GetListAsync(ListId, limit.Token) is not { State: ListState.Closed })
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);

        Assert.Equal((inputs, 0), await OutcomesAsync(other));
        // Both may find the list complete at the same moment. Then each announces it: at least once.
        var announced = await one.Account.Queues.GetQueueClient("manifests").PeekMessagesAsync(32, Token);
        Assert.InRange(announced.Value.Length, 1, 2);
        Assert.All(announced.Value, message => Assert.Equal(
            inputs, JsonElement.Parse(message.MessageText).GetProperty("records").GetInt32()));
    }

    private static Task SendAsync(DeployedApp app, int inputs)
    {
        var urls = Enumerable.Range(1, inputs).Select(
            i => new { url = $"http://sample.test/sample/generated/{i}?bytes=2000" });
        return app.Queue.SendAsync(
            QueueNames.UrlLists,
            [JsonSerializer.SerializeToUtf8Bytes(new { list_id = ListId, inputs = urls })], TimeSpan.Zero, Token);
    }

    private static async Task SweepUntilClosedAsync(DeployedApp app)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (await app.Ledger.GetListAsync(ListId, limit.Token) is not { State: ListState.Closed })
        {
            await app.Host.InvokeTimerAsync("Sweep", limit.Token);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, limit.Token);
        }
    }

    private static async Task<(int Records, int Failures)> OutcomesAsync(DeployedApp app)
    {
        using var http = app.Client();
        var status = JsonElement.Parse(await http.GetStringAsync($"api/status/{ListId}", Token));
        return (status.GetProperty("records").GetInt32(), status.GetProperty("failures").GetInt32());
    }

    private async Task<int> CountBatchesAsync()
    {
        using var http = new HttpClient { BaseAddress = _emulator.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", AppSettings.ApiKey);
        var answer = JsonElement.Parse(await http.GetStringAsync("v1/batches", Token));
        return answer.EnumerateObject().Single(p => p.Value.ValueKind == JsonValueKind.Array).Value.GetArrayLength();
    }
}
