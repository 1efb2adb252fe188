using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect;

/// <summary>Tasks that share a message on <c>results</c> succeed or fail independently.</summary>
[Trait("Promise", "9")]
public sealed class SharedMessageTests
{
    private const string Submission = "list-000000";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AvailableResultsAreCollectedAndTheOthersContinueInTheirOwnMessages()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(4);
        await world.WorkAsync();
        await DeliverAsync(world, 0, 1, 3);
        // Task 2 is not delivered yet; opening the first object throws an unexpected exception.
        var opened = 0;
        world.Bucket.Meanwhile = () =>
            Interlocked.Increment(ref opened) == 1 ? throw new InvalidOperationException("A bug.") : Task.CompletedTask;
        world.Get = path =>
            path.EndsWith("t-1-2", StringComparison.Ordinal)
                ? """{"task":{"id":"t-1-2","state":"pending","batch_id":"b-1"}}"""
                : null;

        await CollectAsync(world, Message(world, "t-1-0", "t-1-1", "t-1-2", "t-1-3"));

        Assert.InRange((await world.InputsAsync()).Count(i => i.State == InputState.Recorded), 2, 3);
        world.Bucket.Meanwhile = () => Task.CompletedTask;
        var left = await ReceiveAsync(world);
        Assert.InRange(left.Count, 1, 2);
        Assert.Contains("t-1-2", left.Select(m => m.TaskId));
        Assert.All(left, message => Assert.Equal((1, null), (message.Tries, message.Others)));
        await DeliverAsync(world, 2);
        foreach (var message in left)
            await CollectAsync(world, message);
        Assert.Equal(4, world.State.Lines("records.ndjson").Length);
        Assert.All(await world.InputsAsync(), input => Assert.Equal(InputState.Recorded, input.State));
    }

    [Fact]
    public async Task ARepeatedMessageChangesNothing()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(3);
        await world.WorkAsync();
        await DeliverAsync(world, 0, 1, 2);
        for (var i = 0; i < 2; i++)
            await CollectAsync(world, Message(world, "t-1-0", "t-1-1", "t-1-2"));
        Assert.Equal(3, world.State.Lines("records.ndjson").Length);
        Assert.Empty(await ReceiveAsync(world));
    }

    [Fact]
    public async Task TasksOfAMessageWaitForEachOtherAndNotInMessagesOfTheirOwn()
    {
        var tasks = (4 * Environment.ProcessorCount) + 4;
        await using var world = await SubmitWorld.StartAsync(o =>
        {
            o.Collect.ConcurrencyPerCore = 1;
            o.Intake.MaxInputsPerSubmission = 1000;
        });
        await world.PlanAsync(tasks);
        await world.WorkAsync();
        await DeliverAsync(world, [.. Enumerable.Range(0, tasks)]);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var opening = 0;
        world.Bucket.Meanwhile = () =>
        {
            Interlocked.Increment(ref opening);
            return open.Task;
        };
        var collected = CollectAsync(
            world, Message(world, "t-1-0", [.. Enumerable.Range(1, tasks - 1).Select(i => $"t-1-{i}")]));
        await Patience.UntilAsync(() => Volatile.Read(ref opening) > 0);
        for (var waited = 0; waited < 20; waited++)
        {
            world.State.Time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(1, Token);
        }

        Assert.Empty(await ReceiveAsync(world));
        open.SetResult();
        await collected;
        Assert.Equal(tasks, world.State.Lines("records.ndjson").Length);
        Assert.Empty(await ReceiveAsync(world));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task WhileStoringIsSlowNoMoreResultsAreReadThanTheMemoryTakes()
    {
        const int Messages = 4;
        var most = ResultMessage.MaxTasks + Environment.ProcessorCount;
        await using var world = await SubmitWorld.StartAsync(o => o.Intake.MaxInputsPerSubmission = 1000);
        await world.PlanAsync(Messages * ResultMessage.MaxTasks);
        await world.WorkAsync();
        await DeliverAsync(world, [.. Enumerable.Range(0, Messages * ResultMessage.MaxTasks)]);
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var worker = (await world.RegisterAsync(
                new ServiceCollection().AddLogging(),
                o => (o.Collect.ConcurrencyPerCore, o.Collect.StagingBytes) = (1, 1)))
            .AddSingleton(InterceptedPort.BeforeAsync(
                world.Service<IRecordStore>(),
                (method, _) => method == nameof(IRecordStore.PutRecordsAsync) ? stored.Task : null))
            .BuildServiceProvider();
        var read = 0;
        world.Bucket.Meanwhile = () =>
        {
            Interlocked.Increment(ref read);
            return Task.CompletedTask;
        };

        var collecting = Enumerable.Range(0, Messages).Select(m => CollectAsync(
            worker, Message(world, $"t-1-{m * ResultMessage.MaxTasks}",
                [.. Enumerable.Range((m * ResultMessage.MaxTasks) + 1, ResultMessage.MaxTasks - 1)
                    .Select(i => $"t-1-{i}")]))).ToList();
        await Patience.UntilAsync(() => Volatile.Read(ref read) >= most);
        await Task.Delay(50, Token);
        Assert.Equal(most, Volatile.Read(ref read));

        stored.SetResult();
        await Task.WhenAll(collecting).WaitAsync(Patience.Limit, Token);
        Assert.Equal(Messages * ResultMessage.MaxTasks, world.State.Lines("records.ndjson").Length);
    }

    [Fact]
    [Trait("Promise", "7")]
    public async Task AStopGivesBackOnlyTheTasksWithoutAnOutcome()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(4);
        await world.WorkAsync();
        await DeliverAsync(world, 0, 1, 2, 3);
        var (opened, open) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        world.Bucket.Meanwhile = () => Interlocked.Increment(ref opened) <= 2 ? Task.CompletedTask : open.Task;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var collecting = CollectAsync(world, Message(world, "t-1-0", "t-1-1", "t-1-2", "t-1-3"), stop.Token);
        // The clock must not reach the time limits of the other tasks while two are stored.
        await Patience.UntilAsync(() =>
        {
            if (world.State.Time.IsAwaitedFor(MessageCollector.Patience))
                world.State.Time.Advance(MessageCollector.Patience);
            return world.State.Lines("records.ndjson").Length == 2;
        });

        await stop.CancelAsync();
        open.SetResult();
        await collecting;

        var left = Assert.Single(await ReceiveAsync(world));
        var recorded = (await world.InputsAsync()).Where(i => i.State == InputState.Recorded).Select(i => i.TaskId);
        string[] all = ["t-1-0", "t-1-1", "t-1-2", "t-1-3"];
        Assert.Equal(all.Except(recorded).Order(), left.Each().Select(m => m.TaskId!).Order());
        Assert.Equal(2, left.Each().Count());
        await CollectAsync(world, left);
        Assert.Equal(4, world.State.Lines("records.ndjson").Length);
    }

    [Fact]
    public async Task AStopBeforeAnyOutcomeGivesTheMessageBackAsItIs()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(2);
        await world.WorkAsync();
        await DeliverAsync(world, 0, 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        world.Bucket.Meanwhile = stop.CancelAsync;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => CollectAsync(world, Message(world, "t-1-0", "t-1-1"), stop.Token));

        Assert.Empty(await ReceiveAsync(world));
        Assert.All(await world.InputsAsync(), input => Assert.Equal(InputState.Waiting, input.State));
    }

    [Fact]
    public async Task AMessageBeforeThePostsAnswerWaitsUnchanged()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(3);
        await CollectAsync(world, Message(world, "t-1-0", "t-1-1", "t-1-2"));
        Assert.Equal(
            ["t-1-0", "t-1-1", "t-1-2"], Assert.Single(await ReceiveAsync(world)).Each().Select(m => m.TaskId));
    }

    private static ResultMessage Message(SubmitWorld world, string first, params string[] others) =>
        new(Submission, first, DiscoveredBy.Webhook, world.State.Time.GetUtcNow(), Others: others);

    private static Task CollectAsync(
        SubmitWorld world, ResultMessage message, CancellationToken? stopping = null) =>
        CollectAsync(world.Service<CollectStage>(), message, stopping ?? Token);

    private static Task CollectAsync(IServiceProvider worker, ResultMessage message) =>
        CollectAsync(worker.GetRequiredService<CollectStage>(), message, Token);

    private static Task CollectAsync(CollectStage stage, ResultMessage message, CancellationToken cancellationToken) =>
        stage.HandleAsync(
            JsonSerializer.SerializeToUtf8Bytes(message, PipelineJson.Plain.ResultMessage), cancellationToken);

    private static async Task<IReadOnlyList<ResultMessage>> ReceiveAsync(SubmitWorld world)
    {
        world.State.Time.Advance(TimeSpan.FromMinutes(1));
        var delivery = await world.Service<IWorkReceiver>().ReceiveAsync(
            QueueNames.Results, 32, TimeSpan.FromMinutes(1), Token);
        return
        [
            .. delivery.Messages.Select(
                m => JsonSerializer.Deserialize(m.Body.Span, PipelineJson.Plain.ResultMessage)!),
        ];
    }

    private static async Task DeliverAsync(SubmitWorld world, params int[] ordinals)
    {
        foreach (var i in ordinals)
        {
            var result =
                $$"""{"url":"{{SubmitWorld.Url(i + 1)}}","task_id":"t-1-{{i}}","status":"success","data":"""
                    + """{"html":"<p>"},"status_code":200}""";
            await world.Bucket.WriteAsync(
                ObjectUri.Parse($"s3://results/x/list/list-000000/t-1-{i}.json"),
                new MemoryStream(Encoding.UTF8.GetBytes(result)), Token);
        }
    }
}
