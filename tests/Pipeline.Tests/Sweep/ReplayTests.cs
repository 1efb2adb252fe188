using System.Text;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Replay;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>A replay reads the bucket before it fails an input or posts it again.</summary>
[Trait("Promise", "2")]
[Trait("Promise", "8")]
public sealed class ReplayTests
{
    private const int Count = 6;
    private const string Submission = "list-000000";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ResultsInTheBucketAreReadAndNotPostedAgain(bool resubmit)
    {
        await using var world = await ExpiredAsync();
        await DeliverAsync(world, Enumerable.Range(0, Count));
        var counts = await ReplayAsync(world, resubmit);
        Assert.Equal((0, Count), (counts.Resubmitted, counts.Recollected));
        await world.PassAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(30), collects: true);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(InputState.Recorded, i.State));
        Assert.Equal(1, world.Posts);
    }

    [Fact]
    public async Task InputsWithoutAResultInTheBucketArePostedAgain()
    {
        await using var world = await ExpiredAsync();
        await DeliverAsync(world, [0, 1]);
        var counts = await ReplayAsync(world, resubmit: true);
        Assert.Equal((Count - 2, 2), (counts.Resubmitted, counts.Recollected));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30), collects: true);
        Assert.Equal(Enumerable.Range(3, Count - 2).Select(SubmitWorld.Url), world.Accepted[1]);
        Assert.Equal(2, (await world.InputsAsync()).Count(i => i.State == InputState.Recorded));
    }

    [Fact]
    public async Task NothingIsPostedAgainWhileTheBucketCannotBeListed()
    {
        await using var world = await ExpiredAsync(failed: 2);
        world.Bucket.FailList = () => PipelineException.Transient(FailureReasons.Unavailable, "It is down.");
        var counts = await ReplayAsync(world, resubmit: true);
        Assert.Equal((2, 0, Count - 2), (counts.Resubmitted, counts.Recollected, counts.Undone));
        Assert.Contains("It is down.", counts.Problem);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task ASubmissionThatCannotBeReplayedDoesNotBlockOthers()
    {
        var isArmed = false;
        await using var world =
            await SubmitWorld.StartAsync(o => o.Intake.MaxInputsPerSubmission = 3, (method, arguments) =>
        {
            if (isArmed && method == nameof(ILedger.GetInputsAsync) && arguments.Contains(Submission))
                throw new InvalidOperationException("Corrupt row.");
        });
        await world.PlanAsync(Count);
        await world.WorkAsync();
        foreach (var submission in await world.SubmissionsAsync())
            await world.FinishAsync(submission.SubmissionId, records: 0);
        isArmed = true;
        var counts = await ReplayAsync(world, resubmit: true);
        Assert.Equal((3, "Corrupt row."), (counts.Resubmitted, counts.Problem));
    }

    /// <summary>Creates a list whose inputs have expired, except the last ones, whose tasks failed at Nimble.</summary>
    private static async Task<SubmitWorld> ExpiredAsync(int failed = 0)
    {
        var world = await SubmitWorld.StartAsync(
            o => o.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32])));
        await world.PlanAsync(Count);
        await world.WorkAsync();
        var submission = (await world.Ledger.GetSubmissionAsync(Submission, Token))!;
        var inputs = await world.Ledger.GetInputsAsync(Submission, Token);
        var outcomes = world.Service<OutcomeRecorder>();
        await outcomes.FailAsync(
            submission, [.. inputs.Take(Count - failed)], new("sweep", FailureReasons.TaskExpired, "Too late."), Token);
        await outcomes.FailAsync(
            submission, [.. inputs.Skip(Count - failed)], new("sweep", FailureReasons.TaskFailed, "No."), Token);
        await world.PassAsync(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(20));
        Assert.Equal(SubmissionState.Closed, (await world.Ledger.GetSubmissionAsync(Submission, Token))!.State);
        return world;
    }

    private static Task<ReplayCounts> ReplayAsync(SubmitWorld world, bool resubmit) =>
        world.Service<ReplayStage>().ReplayAsync(SubmitWorld.ListId, _ => true, resubmit, Token);

    private static async Task DeliverAsync(SubmitWorld world, IEnumerable<int> ordinals)
    {
        var submission = (await world.Ledger.GetSubmissionAsync(Submission, Token))!;
        await world.Ledger.AddTasksAsync(Submission, [.. ordinals.Select(i => new TaskEntry($"t-1-{i}", i))], Token);
        foreach (var i in ordinals)
        {
            var result =
                $$"""{"url":"{{SubmitWorld.Url(i + 1)}}","task_id":"t-1-{{i}}","status":"success","data":"""
                    + """{"html":"<p>"},"status_code":200}""";
            await world.Bucket.WriteAsync(
                ObjectUri.Parse($"{submission.StorageUrl}t-1-{i}.json"),
                new MemoryStream(Encoding.UTF8.GetBytes(result)), Token);
        }
    }
}
