using Pipeline.Cli.Failures;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Replay;
using Pipeline.Reports;
using Pipeline.Submit;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep;

/// <summary>What <c>pipeline failures</c> advises is what a replay then does, for every reason.</summary>
[Trait("Promise", "2")]
public sealed class ReplayAdviceTests
{
    private const string Free = "Look again, without cost: 'replay'";
    private const string Paid = "Post again, may be billed: 'replay --resubmit'";
    private const string Hopeless = "Correct the lines in the list, and run it as a new one.";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static IReadOnlyList<string> Reasons => [.. FailureRemedies.All.Select(remedy => remedy.Reason)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatIsAdvisedForAnAcceptedInputIsWhatAReplayDoes(bool resubmit)
    {
        // What was accepted is neither unknown nor cancelled.
        var reasons = Reasons.Except([FailureReasons.SubmissionUnknown, FailureReasons.Cancelled]).ToList();
        await using var world = await PlannedAsync(reasons);
        await world.WorkAsync();
        foreach (var (submission, cause) in await CausesAsync(world, "collect", reasons))
            await world.Service<OutcomeRecorder>().FailAsync(
                submission, await InputsAsync(world, submission), cause, Token,
                Assert.Single(await world.Ledger.GetTasksAsync(submission.SubmissionId, Token)).TaskId);
        await CheckAsync(world, reasons, resubmit, wasAccepted: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ForAnInputThatNimbleNeverAcceptedOnlyPostingIsAdvised(bool resubmit)
    {
        // A submission is unknown only after a POST.
        var reasons = Reasons.Except([FailureReasons.SubmissionUnknown]).ToList();
        await using var world = await PlannedAsync(reasons);
        foreach (var (submission, cause) in await CausesAsync(world, "submit", reasons))
            await world.Service<SubmissionHolds>().EndAsync(
                submission, await InputsAsync(world, submission), cause, Token);
        await CheckAsync(world, reasons, resubmit, wasAccepted: false);
    }

    /// <summary>Evidence of an unknown POST may still come, although no task of it is known.</summary>
    [Fact]
    public void AnUnknownSubmissionIsLookedForAgainWithoutCost()
    {
        var advice = new ReplayAdvice();
        advice.Add(
            new(
                Some.Failure("f") with { Stage = "submit", Reason = FailureReasons.SubmissionUnknown }, IsFinal: true));
        Assert.Equal([Free, Paid], advice.Lines("replay"));
    }

    [Fact]
    public async Task AFailureInAnOpenSubmissionIsToWait()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(2);
        await world.WorkAsync();
        var submission = Assert.Single(await world.SubmissionsAsync());
        await world.Service<OutcomeRecorder>().FailAsync(
            submission, [.. (await InputsAsync(world, submission)).Take(1)],
            new("sweep", FailureReasons.TaskFailed, "No."), Token);
        Assert.Equal(
            ["Wait until work on it has ended, then replay."], await LinesAsync(world, FailureReasons.TaskFailed));
        Assert.Equal(ReplayCounts.None, await ReplayAsync(world, FailureReasons.TaskFailed, resubmit: true));
    }

    /// <summary>A list with an input for each reason, each in a submission of its own.</summary>
    private static async Task<SubmitWorld> PlannedAsync(IReadOnlyList<string> reasons)
    {
        var world = await SubmitWorld.StartAsync(o => o.Intake.MaxInputsPerSubmission = 1);
        await world.PlanAsync(reasons.Count);
        return world;
    }

    private static async Task<IReadOnlyList<(SubmissionEntry, FailureCause)>> CausesAsync(
        SubmitWorld world, string stage, IEnumerable<string> reasons) =>
        [
            .. (await world.SubmissionsAsync()).Zip(
                reasons, (submission, reason) => (submission, new FailureCause(stage, reason, "No."))),
        ];

    private static Task<IReadOnlyList<InputEntry>> InputsAsync(SubmitWorld world, SubmissionEntry submission) =>
        world.Ledger.GetInputsAsync(submission.SubmissionId, Token);

    private static async Task CheckAsync(
        SubmitWorld world, IEnumerable<string> reasons, bool resubmit, bool wasAccepted)
    {
        await world.PassAsync(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(20));
        Assert.All(await world.SubmissionsAsync(), s => Assert.Equal(SubmissionState.Closed, s.State));
        foreach (var reason in reasons)
        {
            var remedy = FailureRemedies.Of(reason);
            var isFree = remedy.ReplaysFree && wasAccepted;
            string[] advice = [.. isFree ? [Free] : Array.Empty<string>(), remedy.Resubmits ? Paid : Hopeless];
            Assert.Equal(advice, await LinesAsync(world, reason));

            var counts = await ReplayAsync(world, reason, resubmit);
            var expected = !remedy.Resubmits ? ReplayCounts.None
                : resubmit ? new(Resubmitted: 1, 0, 0, 0)
                : isFree ? new(0, Recollected: 1, 0, 0)
                : new(0, 0, 0, Left: 1);
            Assert.Equal((reason, expected), (reason, counts));
        }
    }

    private static async Task<IReadOnlyList<string>> LinesAsync(SubmitWorld world, string reason)
    {
        var advice = new ReplayAdvice();
        await foreach (var current in new FailureReader(world.Ledger).ReadCurrentAsync(SubmitWorld.ListId, Token))
            if (current.Failure.Reason == reason)
                advice.Add(current);
        return [.. advice.Lines("replay")];
    }

    private static Task<ReplayCounts> ReplayAsync(SubmitWorld world, string reason, bool resubmit) =>
        world.Service<ReplayStage>().ReplayAsync(SubmitWorld.ListId, i => i.Reason == reason, resubmit, Token);
}
