using Moq;
using Pipeline.Collect;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect;

/// <summary>Tasks that a webhook invents cause no API requests.</summary>
[Trait("Promise", "3")]
public sealed class HintFilterTests
{
    private readonly SubmissionEntry _submission = Some.Submission(count: 3) with
    {
        State = SubmissionState.Accepted, Proof = PostProof.Answer, AcceptedAt = Some.Time,
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task IfThePostsAnswerNamedAllTasksNoOtherIsLookedUp()
    {
        var filter = Filter(("t-0", 0), ("t-1", 1), ("t-2", 2));

        Assert.Null(await FilterAsync(filter, "x-1"));
        Assert.Equal(["t-2", "t-0"], await FilterAsync(filter, "x-1", "t-2", "x-2", "t-0", "t-2"));
    }

    [Fact]
    public async Task IfItNamedFewerAtMostOneUnknownTaskPerInputIsLookedUp()
    {
        var filter = Filter(("t-0", 0), ("t-1", 1));

        Assert.Equal(["x-1", "t-0", "x-2"], await FilterAsync(filter, "x-1", "t-0", "x-2"));
        Assert.Equal(["x-2", "x-3"], await FilterAsync(filter, "x-2", "x-3", "x-4"));
        Assert.Null(await FilterAsync(filter, "x-5"));
    }

    [Fact]
    public async Task ASubmissionNotProvenByItsAnswerMayHaveMoreTasks()
    {
        var filter = Filter(("t-0", 0), ("t-1", 1), ("t-2", 2));

        Assert.Equal(
            ["x-1"],
            await FilterAsync(filter, _submission with { Proof = PostProof.Callback }, DiscoveredBy.Webhook, "x-1"));
    }

    [Fact]
    public async Task HintsFromTheApiAreNotFiltered()
    {
        var filter = new HintFilter(Mock.Of<ILedger>(MockBehavior.Strict));

        Assert.Equal(["x-1"], await FilterAsync(filter, _submission, DiscoveredBy.Sweep, "x-1"));
    }

    [Fact]
    public async Task AnInventedTaskIsNotLookedUpAndTheOthersAreCollected()
    {
        await using var world = await CollectWorld.StartAsync(CollectWorld.Url(0), CollectWorld.Url(1));
        var asked = new List<string>();
        var answer = world.World.Get;
        world.World.Get = path =>
        {
            lock (asked)
                asked.Add(path);
            return answer(path);
        };
        await world.DeliverAsync(0, CollectWorld.Result(0, ",\"url\":\"https://a.example/1\""));

        await world.ReceiveWebhookAsync("invented");
        await world.ReceiveWebhookAsync(0);

        Assert.Single(world.Records);
        Assert.Empty(asked);
    }

    private Task<IReadOnlyList<string>?> FilterAsync(HintFilter filter, params string[] tasks) =>
        FilterAsync(filter, _submission, DiscoveredBy.Webhook, tasks);

    private static async Task<IReadOnlyList<string>?> FilterAsync(
        HintFilter filter, SubmissionEntry submission, DiscoveredBy discoveredBy, params string[] tasks)
    {
        var message = new ResultMessage(
            submission.SubmissionId, tasks[0], discoveredBy, Some.Time, Others: tasks.Length > 1 ? tasks[1..] : null);
        return (await filter.FilterAsync(submission, message, Ct))?.Each().Select(one => one.TaskId).ToList();
    }

    private HintFilter Filter(params (string TaskId, int Ordinal)[] tasks)
    {
        var ledger = new Mock<ILedger>(MockBehavior.Strict);
        ledger.Setup(l => l.GetTasksAsync(_submission.SubmissionId, It.IsAny<CancellationToken>()))
            .ReturnsAsync([.. tasks.Select(task => new TaskEntry(task.TaskId, task.Ordinal))]);
        return new(ledger.Object);
    }
}
