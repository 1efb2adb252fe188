using Microsoft.Extensions.DependencyInjection;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Reports;
using Pipeline.Steering;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Steering;

/// <summary>Pausing, resuming and cancelling lists, across processes, races and kills.</summary>
public sealed class SteeringTests
{
    private const string Who = "tester";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task APausedListPostsNothingNewAndGoesOnWhenResumed()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(30);
        await world.SubmitAsync("list-000000");
        await Controls(world).PauseAsync(SubmitWorld.ListId, Who, Token);

        await world.PassAsync(TimeSpan.FromHours(2), TimeSpan.FromMinutes(5));
        Assert.Single(world.Accepted);

        await Controls(world).ResumeAsync(SubmitWorld.ListId, Who, Token);
        await world.WorkAsync();
        Assert.Equal(3, world.Accepted.Count);
    }

    /// <summary>The rate limit may delay a POST for long; a pause during that time still counts.</summary>
    [Fact]
    [Trait("Promise", "2")]
    public async Task AListThatIsPausedWhileItsPostWaitsForTheRateIsNotPosted()
    {
        await using var world = await SubmitWorld.StartAsync(options => options.Nimble.RequestsPerSecond = 1);
        await world.PlanAsync(20);
        await world.SubmitAsync("list-000000");
        var second = world.SubmitAsync("list-000001");
        await Controls(world).PauseAsync(SubmitWorld.ListId, Who, Token);
        await world.State.Time.AdvanceUntilAsync(second, TimeSpan.FromMilliseconds(100));
        Assert.Single(world.Accepted);
        Assert.Equal(
            HoldReason.Paused, (await world.Ledger.GetSubmissionAsync("list-000001", Token))!.Hold);
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task AnotherProcessSeesThePauseAndTheReportNamesTheCommand()
    {
        await using var world = await SubmitWorld.StartAsync();
        await using var other = await world.OpenAsync();
        await world.PlanAsync(10);
        await other.GetRequiredService<ListControls>().PauseAsync(SubmitWorld.ListId, Who, Token);
        await world.WorkAsync();

        Assert.Empty(world.Accepted);
        var verdict = (await world.Service<OverviewReporter>().ReportAsync(Token)).Verdict;
        Assert.Equal((VerdictLevel.Waiting, "paused"), (verdict.Level, verdict.Reason));
        Assert.Contains("pipeline resume", verdict.Action);
    }

    [Fact]
    public async Task WhatIsPaidForIsCollectedWhileTheListIsPausedAndItCloses()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await world.WorkAsync();
        await Controls(world).PauseAsync(SubmitWorld.ListId, Who, Token);
        await world.FinishAsync("list-000000", records: 10);
        await world.SweepAsync();

        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task ACancelledListEndsEveryPlannedInputOnceAndClosesWithItsManifest()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(30);
        await world.SubmitAsync("list-000000");
        await Controls(world).CancelAsync(SubmitWorld.ListId, Who, Token);
        await world.SweepAsync();
        await world.WorkAsync();
        Assert.Single(world.Accepted);
        await world.FinishAsync("list-000000", records: 10);
        await world.PassAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));

        var manifest = await world.Service<IManifestReader>().ReadManifestAsync(SubmitWorld.ListId, Token);
        Assert.Equal((30, 10, 20), (manifest!.Inputs, manifest.Records, manifest.Failures));
        Assert.Equal(20, manifest.FailuresByReason[FailureReasons.Cancelled]);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ASubmissionWhosePostIsUnderWayIsNotCancelled()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        world.Answer = (_, _) =>
        {
            Controls(world).CancelAsync(SubmitWorld.ListId, Who, Token).GetAwaiter().GetResult();
            world.SweepAsync().GetAwaiter().GetResult();
            return null;
        };
        await world.WorkAsync();
        await world.SweepAsync();

        var submission = Assert.Single(await world.SubmissionsAsync());
        Assert.Equal(SubmissionState.Accepted, submission.State);
        Assert.All(await world.InputsAsync(), input => Assert.Equal(InputState.Waiting, input.State));
    }

    [Theory]
    [InlineData(SubmissionState.Posting)]
    [InlineData(SubmissionState.Accepted)]
    [Trait("Promise", "2")]
    public async Task SubmitAndCancelAtTheSameMomentPostOrEndEachSubmissionNeverBoth(SubmissionState at)
    {
        SubmitWorld? world = null;
        var cancelled = false;
        // The cancellation comes after the list was read: before the intent, or before the answer is written.
        world = await SubmitWorld.StartAsync(before: (method, arguments) =>
        {
            if (cancelled || method != nameof(ILedger.UpdateSubmissionAsync)
                || arguments[0] is not SubmissionEntry submission || submission.State != at)
                return;
            cancelled = true;
            Other(world!).CancelAsync(SubmitWorld.ListId, Who, Token).GetAwaiter().GetResult();
        });
        await using var _ = world;
        await world.PlanAsync(30);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

        var posted = world.Accepted.SelectMany(urls => urls).ToList();
        var inputs = await world.InputsAsync();
        Assert.Equal(30, inputs.Count);
        Assert.Equal(posted.Count, posted.Distinct().Count());
        Assert.All(inputs, input => Assert.Equal(
            posted.Contains(input.Url) ? InputState.Waiting : InputState.Failed, input.State));
        Assert.True(cancelled);
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task AKillAfterTheRefusalLeavesNoInputWithoutItsEnd()
    {
        var kill = true;
        await using var world = await SubmitWorld.StartAsync(before: (method, arguments) =>
        {
            if (kill && method == nameof(ILedger.UpdateInputsAsync)
                && arguments[0] is IReadOnlyList<InputEntry> inputs && inputs[0].Reason == FailureReasons.Cancelled)
                throw new InvalidOperationException("killed");
        });
        await world.PlanAsync(20);
        await Controls(world).CancelAsync(SubmitWorld.ListId, Who, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.SubmitAsync("list-000000"));
        kill = false;
        await world.PassAsync(TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(20));

        Assert.Empty(world.Accepted);
        var manifest = await world.Service<IManifestReader>().ReadManifestAsync(SubmitWorld.ListId, Token);
        Assert.Equal((20, 20), (manifest!.Inputs, manifest.FailuresByReason[FailureReasons.Cancelled]));
    }

    [Fact]
    public async Task SubmissionsHeldForAnotherCauseEndTooWhenTheirListIsCancelled()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (402, """{"status":"failed","msg":"no budget"}""");
        await world.PlanAsync(30);
        await world.WorkAsync();
        await Controls(world).CancelAsync(SubmitWorld.ListId, Who, Token);
        await world.PassAsync(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));

        Assert.All(await world.InputsAsync(), input => Assert.Equal(FailureReasons.Cancelled, input.Reason));
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }

    [Fact]
    public async Task ACancelledListGivesItsBudgetBack()
    {
        SubmitWorld? world = null;
        var cancelled = false;
        world = await SubmitWorld.StartAsync(
            options => options.Guards.MaxUrlsPerDay = 1000,
            (method, arguments) =>
            {
                if (cancelled || arguments.FirstOrDefault() is not SubmissionEntry { State: SubmissionState.Posting })
                    return;
                cancelled = true;
                Other(world!).CancelAsync(SubmitWorld.ListId, Who, Token).GetAwaiter().GetResult();
                // The other process ends the submission just before this one writes its intent.
                using var other = world!.OpenAsync().GetAwaiter().GetResult();
                SubmitWorld.SubmitAsync(other, "list-000000").GetAwaiter().GetResult();
            });
        await using var _ = world;
        await world.PlanAsync(10);
        await world.WorkAsync();

        Assert.Empty(world.Accepted);
        var money = (await world.Service<OverviewReporter>().ReportAsync(Token)).Money;
        Assert.Equal((0, 1000), (money.DayUsed, money.DayLimit));
    }

    [Fact]
    public async Task EachActIsLoggedOnceWithWhoAndWhen()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await Controls(world).PauseAsync(SubmitWorld.ListId, "anna", Token);
        await Controls(world).PauseAsync(SubmitWorld.ListId, "bert", Token);
        await Controls(world).ResumeAsync(SubmitWorld.ListId, "carl", Token);
        await Controls(world).CancelAsync(SubmitWorld.ListId, "dora", Token);

        var events = await world.Service<IEventLog>().GetEventsAsync(10, Token);
        Assert.Equal(
            [(EventKinds.Cancelled, "dora"), (EventKinds.Resumed, "carl"), (EventKinds.Paused, "anna")],
            events.Select(e => (e.Kind, e.Who)));
        Assert.All(events, e => Assert.Equal((SubmitWorld.ListId, world.State.Time.GetUtcNow()), (e.ListId, e.At)));
    }

    [Theory]
    [InlineData("nobody", "No list 'nobody' is known")]
    [InlineData("a\u001b[2Jb", "U+001B")]
    [InlineData("", "No list '' is known")]
    public async Task AnUnknownListIsAUsersMistake(string listId, string says)
    {
        await using var world = await SubmitWorld.StartAsync();
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => Controls(world).PauseAsync(listId, Who, Token));
        Assert.True(error.IsPermanent);
        Assert.Contains(says, error.Message);
    }

    [Fact]
    public async Task ACancelledListIsNotResumedButMayBeResubmittedWhenClosed()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await Controls(world).CancelAsync(SubmitWorld.ListId, Who, Token);
        await Assert.ThrowsAsync<PipelineException>(
            () => Controls(world).ResumeAsync(SubmitWorld.ListId, Who, Token));
        await Assert.ThrowsAsync<PipelineException>(() => ReplayAsync(world));
        await world.PassAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

        var counts = await ReplayAsync(world);
        await world.WorkAsync();

        Assert.Equal(10, counts.Resubmitted);
        Assert.Single(world.Accepted);
    }

    private static Task<Pipeline.Replay.ReplayCounts> ReplayAsync(SubmitWorld world) =>
        world.Service<ListReplays>().ReplayAsync(SubmitWorld.ListId, _ => true, resubmit: true, Who, Token);

    private static ListControls Controls(SubmitWorld world) => world.Service<ListControls>();

    private static ListControls Other(SubmitWorld world) =>
        world.OpenAsync().GetAwaiter().GetResult().GetRequiredService<ListControls>();
}
