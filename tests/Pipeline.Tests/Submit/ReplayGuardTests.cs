using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Replay;
using Pipeline.Reports;

namespace Pipeline.Tests.Submit;

/// <summary>Resubmitted inputs pass the same guards as new ones, and are counted once.</summary>
public sealed class ReplayGuardTests
{
    private const string Refused = "https://shop.refused.example/1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReplayPostsNoUrlOfARefusedDomain()
    {
        await using var world = await SubmitWorld.StartAsync(o => o.Guards.RefusedDomains.Add("refused.example"));
        await world.PlanAsync([SubmitWorld.Url(1), Refused, SubmitWorld.Url(2)]);
        await world.WorkAsync();
        await world.FinishAsync("list-000000", records: 0);
        await ReplayAsync(world);
        Assert.DoesNotContain(world.Accepted, urls => urls.Contains(Refused));
        Assert.Equal(
            [(Refused, FailureReasons.DomainRefused)],
            (await world.InputsAsync()).Where(i => i.State == InputState.Failed).Select(i => (i.Url, i.Reason!)));
        Assert.Equal(4, world.Accepted.Sum(urls => urls.Count));
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    public async Task APrivateUrlIsPostedOnlyIfAllowed(bool isAllowed, int posted)
    {
        await using var world = await SubmitWorld.StartAsync(o => o.Intake.AllowPrivate = isAllowed);
        await world.PlanAsync([SubmitWorld.Url(1), "http://[::ffff:127.0.0.1]/", SubmitWorld.Url(2)]);
        await world.WorkAsync();
        Assert.Equal(posted, world.Accepted.Sum(urls => urls.Count));
        Assert.Equal(3 - posted, (await world.InputsAsync()).Count(i => i.Reason == FailureReasons.DomainRefused));
    }

    [Fact]
    public async Task ADomainRefusedAfterPlanningIsNotPostedButTheRestIs()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync([SubmitWorld.Url(1), Refused, SubmitWorld.Url(2)]);
        await using var strict = await world.OpenAsync(o => o.Guards.RefusedDomains.Add("refused.example"));
        await SubmitWorld.WorkAsync(strict);
        Assert.Equal([SubmitWorld.Url(1), SubmitWorld.Url(2)], Assert.Single(world.Accepted));
        Assert.Equal(
            FailureReasons.DomainRefused, Assert.Single(await world.InputsAsync(), i => i.Url == Refused).Reason);
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task AResubmittedInputIsCountedOnce()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(9);
        await world.WorkAsync();
        await world.FinishAsync("list-000000", records: 6);
        await AssertCountsAsync(world, records: 6, failures: 3);
        await ReplayAsync(world);
        await AssertCountsAsync(world, records: 6, failures: 0, resubmitted: 3);
        await GiveOutcomesAsync(world, "list-000000-r1", records: 2);
        await AssertCountsAsync(world, records: 8, failures: 1, resubmitted: 3);
        await world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));
        await AssertCountsAsync(world, records: 8, failures: 1, resubmitted: 3);
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task AnInputCountsAsPostedFromItsFirstAcceptedPost()
    {
        await using var world = await SubmitWorld.StartAsync();
        // The answer names no batch and no task, so it is unknown whether the POST was accepted.
        world.Answer = (number, _) => number == 1 ? "{}" : null;
        await world.PlanAsync(9);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(2));
        await AssertCountsAsync(world, records: 0, failures: 9, posted: 0);

        await ReplayAsync(world);
        await AssertCountsAsync(world, records: 0, failures: 0);
        await GiveOutcomesAsync(world, "list-000000-r1", records: 7);
        await world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));
        await AssertCountsAsync(world, records: 7, failures: 2);

        await ReplayAsync(world);
        await AssertCountsAsync(world, records: 7, failures: 0, resubmitted: 2);
    }

    [Fact]
    public async Task FourResubmissionsAreFiveAttempts()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(1);
        await world.WorkAsync();
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var submission = (await world.SubmissionsAsync())[^1];
            await world.Service<OutcomeRecorder>().FailAsync(
                submission, await world.Ledger.GetInputsAsync(submission.SubmissionId, Token),
                new("collect", FailureReasons.TaskFailed, "No."), Token);
            await world.PassAsync(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(30));
            var failure = Assert.Single(
                await new FailureReader(world.Ledger).ReadAsync(SubmitWorld.ListId, Token).ToListAsync(Token));
            Assert.Equal(attempt, failure.Attempts);
            if (attempt < 5)
                await ReplayAsync(world);
        }
    }

    private static async Task ReplayAsync(SubmitWorld world)
    {
        await world.Service<ReplayStage>().ReplayAsync(SubmitWorld.ListId, _ => true, resubmit: true, Token);
        await world.WorkAsync();
    }

    private static async Task GiveOutcomesAsync(SubmitWorld world, string submissionId, int records)
    {
        var inputs = await world.Ledger.GetInputsAsync(submissionId, Token);
        await world.Ledger.UpdateInputsAsync(
            [
                .. inputs.Select(
                    (i, n) =>
                        i with
                        {
                            State = n < records ? InputState.Recorded : InputState.Failed,
                            Reason = n < records ? null : FailureReasons.TaskFailed,
                        })],
            Token);
    }

    private static async Task AssertCountsAsync(
        SubmitWorld world, long records, long failures, long posted = 9, long resubmitted = 0)
    {
        var counts = await world.Service<ILedgerCounts>().CountAsync([SubmitWorld.ListId], Token);
        Assert.Equal(
            (9, posted, resubmitted, records, failures),
            (counts.Inputs, counts.Posted, counts.Resubmitted, counts.Records, counts.Failures));
        var status = (await world.Service<StatusReporter>().GetListAsync(SubmitWorld.ListId, Token))!;
        Assert.Equal((9, posted, records, failures), (status.Inputs, status.Posted, status.Records, status.Failures));
        Assert.Equal(
            counts, await new SubmissionCounts(world.Ledger, world.State.Time).CountAsync([SubmitWorld.ListId], Token));
        var list = (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!;
        var progress = Assert.Single(await world.Service<ListProgressReader>().ReadAsync([list], Token)).Progress;
        Assert.Equal(
            (posted, resubmitted, records, failures),
            (progress.Posted, progress.Resubmitted, progress.Records, progress.Failures));
    }
}
