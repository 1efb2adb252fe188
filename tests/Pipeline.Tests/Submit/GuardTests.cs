using Microsoft.Extensions.DependencyInjection;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Replay;
using Pipeline.Reports;
using Pipeline.Stores.Local.Queues;
using Pipeline.Submit.Evidence;

namespace Pipeline.Tests.Submit;

/// <summary>
/// Inputs that are held back or not submitted at all: budgets, the canary, an account without money. None of them is
/// lost.
/// </summary>
public sealed class GuardTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheDailyBudgetIsUsedUpAndTheRestIsPostedTheNextDay()
    {
        await using var world = await SubmitWorld.StartAsync(o => o.Guards.MaxUrlsPerDay = 15);
        await world.PlanAsync(28);
        await world.WorkAsync();
        Assert.Equal([10, 5], world.Accepted.Select(a => a.Count));
        var status = (await world.Service<StatusReporter>().GetListAsync(SubmitWorld.ListId, Token))!;
        Assert.NotEmpty(status.Waiting);

        // The test starts at 10:00 (Some.Time), so the day has not ended yet.
        await world.PassAsync(TimeSpan.FromHours(13), TimeSpan.FromMinutes(20));
        Assert.Equal(2, world.Posts);
        var waiting = (await world.SubmissionsAsync()).Where(s => s.State == SubmissionState.Planned).ToList();
        Assert.All(waiting, s => Assert.Equal(HoldReason.DailyBudget, s.Hold));
        // Sweep sends a second message for each submission that waits this long. Only one of them may remain.
        Assert.Equal(
            new QueueCounts(0, waiting.Count, 0),
            (await world.Service<LocalWorkQueue>().CountAsync(Token))[QueueNames.Submissions]);
        await world.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromMinutes(20));
        Assert.Equal(28, world.Accepted.Sum(a => a.Count));
        Assert.Equal(28, world.Accepted.SelectMany(a => a).Distinct().Count());
        Assert.Equal(28, (await world.InputsAsync()).Count);
    }

    [Fact]
    public async Task TwoWorkersShareTheDailyBudget()
    {
        Action<PipelineOptions> change = o =>
        {
            o.Guards.MaxUrlsPerDay = 83;
            o.Intake.MaxInputsPerSubmission = 4;
        };
        await using var world = await SubmitWorld.StartAsync(change);
        await using var other = await world.OpenAsync(change);
        await world.PlanAsync(200);
        await Task.WhenAll(
            Task.Run(world.WorkAsync, Token), Task.Run(() => SubmitWorld.WorkAsync(other), Token),
            Task.Run(world.WorkAsync, Token));
        Assert.Equal(83, world.Accepted.Sum(a => a.Count));
        Assert.Equal(83, world.Accepted.SelectMany(a => a).Distinct().Count());
        Assert.Equal(200, (await world.InputsAsync()).Select(i => i.Id).Distinct().Count());
        Assert.Equal(83, await world.Service<BudgetGuard>().GetUsedAsync(world.State.Time.GetUtcNow(), Token));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AKillBetweenBudgetAndIntentCountsOnce()
    {
        await using var world = await SubmitWorld.StartAsync(
            o => (o.Guards.MaxUrlsPerDay, o.Guards.MaxUrlsPerList) = (10, 10));
        await world.PlanAsync(10);
        await world.Service<BudgetGuard>().TakeAsync(
            Assert.Single(await world.SubmissionsAsync()), world.State.Time.GetUtcNow(), Token);
        await world.WorkAsync();
        Assert.Equal(10, Assert.Single(world.Accepted).Count);
        Assert.Equal(10, await world.Service<BudgetGuard>().GetUsedAsync(SubmitWorld.ListId, Token));
    }

    [Fact]
    public async Task ARefusedPostCostsNoBudgetButAnUnansweredOneDoes()
    {
        await using var world = await SubmitWorld.StartAsync(o => o.Guards.MaxUrlsPerDay = 10);
        var answers = new Queue<(int, string)?>([(429, "{}"), (500, "{}")]);
        world.Refuse = _ => answers.TryDequeue(out var answer) ? answer : null;
        await world.PlanAsync(20);
        await world.PassAsync(5 * Minute, Minute);
        Assert.Equal(2, world.Posts);
        Assert.Equal(10, await world.Service<BudgetGuard>().GetUsedAsync(world.State.Time.GetUtcNow(), Token));
        Assert.Empty(world.Accepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Promise", "1")]
    public async Task InputsBeyondTheListsBudgetFail(bool byCost)
    {
        await using var world = await SubmitWorld.StartAsync(o =>
        {
            o.Guards.MaxUrlsPerList = byCost ? 20 : 13;
            o.Guards.MaxCostPerList = byCost ? 1.35m : null;
            o.Nimble.PricePerUrl = 0.1m;
        });
        await world.PlanAsync(28);
        await world.WorkAsync();
        Assert.Equal([10, 3], world.Accepted.Select(a => a.Count));
        var inputs = await world.InputsAsync();
        Assert.Equal(
            (28, 15),
            (inputs.Count,
                inputs.Count(i => i is { State: InputState.Failed, Reason: FailureReasons.BudgetExhausted })));
        Assert.Equal(28, inputs.Select(i => i.Id).Distinct().Count());

        await world.FinishAsync("list-000000", 10);
        await world.PassAsync(5 * Minute, Minute);
        await world.Service<ReplayStage>().ReplayAsync(SubmitWorld.ListId, _ => true, resubmit: true, Token);
        await world.WorkAsync();
        Assert.Equal(2, world.Accepted.Count);
    }

    [Fact]
    public async Task SubmissionsWaitForMoneyAndFailAfterTheWindow()
    {
        await using var world = await SubmitWorld.StartAsync(
            o => (o.Nimble.RefusedPause, o.Nimble.RefusedWindow) = (10 * Minute, TimeSpan.FromHours(2)));
        world.Refuse = _ => (402, """{"status":"failed","msg":"no budget"}""");
        await world.PlanAsync(30);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(1), Minute);
        Assert.InRange(world.Posts, 5, 8);
        var status = (await world.Service<StatusReporter>().GetListAsync(SubmitWorld.ListId, Token))!;
        Assert.Equal(3, status.Waiting[nameof(HoldReason.NimbleBudget)]);

        await world.PassAsync(TimeSpan.FromHours(1.5), Minute);
        Assert.InRange(world.Posts, 10, 16);
        var inputs = await world.InputsAsync();
        Assert.Equal(30, inputs.Count);
        Assert.All(inputs, i => Assert.Equal((InputState.Failed, FailureReasons.BudgetExhausted), (i.State, i.Reason)));
        Assert.All(inputs, i => Assert.Contains("no budget", i.Failure));
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }

    [Fact]
    public async Task SubmissionResumesWhenThereIsMoneyAgain()
    {
        await using var world = await SubmitWorld.StartAsync();
        var without = 2;
        world.Refuse = _ => without-- > 0 ? (402, "{}") : null;
        await world.PlanAsync(30);
        await world.WorkAsync();
        await world.PassAsync(10 * Minute, Minute);
        Assert.Equal([10, 10, 10], world.Accepted.Select(a => a.Count));
        Assert.All(await world.SubmissionsAsync(), s => Assert.Equal((HoldReason.None, null), (s.Hold, s.HeldSince)));
    }

    [Fact]
    public async Task AKeyRefusedForTooLongEndsAsAccessDenied()
    {
        await using var world = await SubmitWorld.StartAsync(o => o.Nimble.RefusedWindow = TimeSpan.FromHours(1));
        world.Refuse = _ => (401, "{}");
        await world.PlanAsync(10);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(1.5), 5 * Minute);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(FailureReasons.AccessDenied, i.Reason));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task TheRestIsSubmittedOnceEnoughOfTheCanarySucceeded(int records)
    {
        await using var world = await SubmitWorld.StartAsync(o => (o.Guards.Canary, o.Guards.CanaryShare) = (5, 0.7));
        await world.PlanAsync(25);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(10));
        Assert.Equal(Enumerable.Range(1, 5).Select(SubmitWorld.Url), Assert.Single(world.Accepted));
        Assert.Equal(
            2,
            (
                await world.Service<StatusReporter>().GetListAsync(
                    SubmitWorld.ListId, Token))!.Waiting[nameof(HoldReason.Canary)]);

        await world.FinishAsync("list-000000", records);
        await world.WorkAsync();
        Assert.Equal([5, 10, 10], world.Accepted.Select(a => a.Count));
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task IfTooFewOfTheCanarySucceedTheRestFailsAndCanBeReplayed()
    {
        await using var world = await SubmitWorld.StartAsync(o => (o.Guards.Canary, o.Guards.CanaryShare) = (5, 0.7));
        await world.PlanAsync(25);
        await world.WorkAsync();
        await world.FinishAsync("list-000000", 3);
        await world.WorkAsync();
        Assert.Single(world.Accepted);
        var failed = (await world.InputsAsync()).Where(i => i.Reason == FailureReasons.CanaryFailed).ToList();
        Assert.Equal(20, failed.Count);
        await world.SweepAsync();
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);

        await world.Service<ReplayStage>().ReplayAsync(
            SubmitWorld.ListId, i => i.Reason == FailureReasons.CanaryFailed, resubmit: true, Token);
        await world.WorkAsync();
        Assert.Equal([5, 10, 10], world.Accepted.Select(a => a.Count));
        Assert.Equal(25, (await world.InputsAsync()).Count);
    }

    [Fact]
    public async Task AllPartsOfADividedCanaryAreWaitedFor()
    {
        await using var world = await SubmitWorld.StartAsync(o => (o.Guards.Canary, o.Guards.CanaryShare) = (5, 0.7));
        world.Refuse = inputs =>
            inputs.EnumerateArray().Any(i => i.GetProperty("url").GetString() == SubmitWorld.Url(2))
                ? (400, "{}")
                : null;
        await world.PlanAsync(25);
        await world.WorkAsync();
        Assert.Equal(4, world.Accepted.Sum(a => a.Count));
        foreach (var part in (await world.SubmissionsAsync()).Where(s => s.State == SubmissionState.Accepted))
            await world.FinishAsync(part.SubmissionId, part.Count);
        await world.WorkAsync();
        Assert.Equal(24, world.Accepted.Sum(a => a.Count));
    }
}
