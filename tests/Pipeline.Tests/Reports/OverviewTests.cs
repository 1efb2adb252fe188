using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Reports;

/// <summary>The overview counts what the ledger holds, and its verdict names cause and action.</summary>
[Trait("Promise", "10")]
public sealed class OverviewTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NothingToDoNamesTheNextCommand()
    {
        await using var world = await SubmitWorld.StartAsync();
        var verdict = (await ReadAsync(world)).Verdict;
        Assert.Equal((VerdictLevel.Idle, "pipeline submit LIST"), (verdict.Level, verdict.Action));
    }

    [Fact]
    public async Task ThePartsOfAListAddUpToItsInputs()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(40);
        await world.SubmitAsync("list-000000");
        await world.SubmitAsync("list-000001");
        await world.FinishAsync("list-000000", records: 7);
        var inputs = await world.Ledger.GetInputsAsync("list-000001", Token);
        await world.Ledger.UpdateInputsAsync([inputs[0] with { State = InputState.Recorded, HttpStatus = 404 }], Token);

        var overview = await ReadAsync(world);

        var list = Assert.Single(overview.Lists);
        Assert.Equal((40, 8, 3, 9, 20), (list.Inputs, list.Records, list.Failures, list.UnderWay, list.Waiting));
        Assert.Equal((27, "open", inputs[1].Url), (list.Percent, list.State, list.OldestUrl));
        Assert.Equal(
            [("intake", 0), ("submit", 20), ("nimble", 9), ("collect", 0), ("closing", 0)],
            overview.Flow.Select(stage => (stage.Stage, stage.Inputs)));
        Assert.Equal(VerdictLevel.Well, overview.Verdict.Level);
        Assert.StartsWith("All is well. 1 list is open, 11 of 40 URLs done", overview.Verdict.Text);
        Assert.Equal(1, overview.Outcomes.ByHttpClass["4xx"]);
    }

    [Fact]
    public async Task ARefusedKeyIsStuckSinceItsFirstRefusalAndNamesTheKey()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (401, """{"status":"failed","msg":"unknown key"}""");
        await world.PlanAsync(10);
        await world.WorkAsync();

        var verdict = (await ReadAsync(world)).Verdict;

        Assert.Equal((VerdictLevel.Stuck, "api_key"), (verdict.Level, verdict.Reason));
        Assert.Contains("NIMBLE_API_KEY", verdict.Action);
        Assert.NotNull(verdict.Until);
    }

    [Fact]
    public async Task AnUnansweredPostShowsItsEvidenceAndWhenItIsGivenUp()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (500, "{}");
        await world.PlanAsync(10);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));

        var overview = await ReadAsync(world);

        var unknown = Assert.Single(overview.Unknown);
        Assert.Equal((10, true), (unknown.Inputs, unknown.Looks > 0));
        Assert.Equal(unknown.PostedAt + TimeSpan.FromMinutes(30), unknown.GivenUpAt);
        Assert.Equal((VerdictLevel.Waiting, FailureReasons.SubmissionUnknown),
            (overview.Verdict.Level, overview.Verdict.Reason));
    }

    [Fact]
    public async Task ASweepThatDoesNotLookIsSaidUntilItDoes()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await world.WorkAsync();
        world.State.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(VerdictLevel.Well, (await ReadAsync(world)).Verdict.Level);
        world.State.Time.Advance(TimeSpan.FromMinutes(30));

        var verdict = (await ReadAsync(world)).Verdict;

        Assert.Equal((VerdictLevel.Waiting, WaitReports.SweepOverdue), (verdict.Level, verdict.Reason));
        Assert.Contains("pipeline serve", verdict.Action);
        await world.SweepAsync();
        Assert.Equal(VerdictLevel.Well, (await ReadAsync(world)).Verdict.Level);
    }

    [Fact]
    public async Task AFinishedListShowsWhatItsManifestCounts()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await world.WorkAsync();
        await world.FinishAsync("list-000000", records: 6);
        await world.SweepAsync();

        var overview = await ReadAsync(world);

        var list = Assert.Single(overview.Finished);
        Assert.Equal((10, 6, 4), (list.Inputs, list.Records, list.Failures));
        Assert.Empty(overview.Lists);
    }

    [Fact]
    public async Task AMessageThatNobodyCanHandleIsShown()
    {
        await using var world = await SubmitWorld.StartAsync();
        var queue = world.Service<IWorkQueue>();
        await queue.SendAsync(QueueNames.Results, [new byte[2000]], TimeSpan.Zero, Token);
        var receiver = world.Service<IWorkReceiver>();
        var message = Assert.Single((await receiver.ReceiveAsync(
            QueueNames.Results, 1, TimeSpan.FromMinutes(1), Token)).Messages);
        await receiver.DeadLetterAsync(message, "no JSON", Token);

        var letter = Assert.Single((await ReadAsync(world)).DeadLetters);

        Assert.Equal((QueueNames.Results, "no JSON"), (letter.Queue, letter.Error));
        Assert.Equal(world.State.Time.GetUtcNow(), letter.At);
        Assert.True(letter.Text.Length < 500);
    }

    [Fact]
    public async Task ARestoredLedgerIsSaidAlsoWhileNoListIsOpen()
    {
        await using var world = await SubmitWorld.StartAsync();
        await RestoreAsync(world);

        var verdict = (await ReadAsync(world)).Verdict;

        Assert.Equal(VerdictLevel.Idle, verdict.Level);
        Assert.StartsWith("The ledger was restored on ", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InputsThatWaitAfterARestoreAreNotWell()
    {
        await using var world = await SubmitWorld.StartAsync();
        await RestoreAsync(world);
        await world.PlanAsync(10);

        var verdict = (await ReadAsync(world)).Verdict;

        Assert.Equal((VerdictLevel.Waiting, WaitReports.LedgerRestored), (verdict.Level, verdict.Reason));
        Assert.Contains("Nimble is searched for each submission before it is posted", verdict.Text);
        Assert.EndsWith("pipeline restore --done", verdict.Action);
        Assert.Null(verdict.Note);
    }

    [Fact]
    public async Task AWorseFaultComesBeforeTheRestore()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (401, """{"status":"failed","msg":"unknown key"}""");
        await world.PlanAsync(10);
        await world.WorkAsync();
        await RestoreAsync(world);
        // That a ledger was not restored is cached for ten seconds.
        world.State.Time.Advance(TimeSpan.FromSeconds(10));

        var verdict = (await ReadAsync(world)).Verdict;

        Assert.NotNull(verdict.Since);
        Assert.Equal("api_key", verdict.Reason);
        Assert.StartsWith("The ledger was restored on ", verdict.Note, StringComparison.Ordinal);
    }

    /// <summary>Text after a command would be pasted with it.</summary>
    [Fact]
    public void ACommandAtTheEndOfAWaitStaysAtItsEnd()
    {
        var wait = new WaitReport(
            "post", WaitReports.LedgerRestored, "To post without searching: pipeline restore --done", 1, 2,
            DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1));

        Assert.Equal(
            "2 inputs wait to be posted since 1970-01-01 00:00:00 UTC, next attempt 1970-01-01 01:00:00 UTC "
                + "(ledger_restored): To post without searching: pipeline restore --done",
            wait.Describe());
    }

    [Fact]
    public async Task NotificationsThatNobodyTakesAreInTheVerdict()
    {
        await using var world = await SubmitWorld.StartAsync(
            options =>
            {
                options.Notify.Url = new("https://receiver.example/hook");
                options.Notify.Secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
            });
        Assert.Null((await ReadAsync(world)).Verdict.Note);
        await world.Service<IWorkQueue>().SendAsync(
            QueueNames.Notifications, [new byte[20]], TimeSpan.FromMinutes(1), Token);
        world.State.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.StartsWith(
            "1 notification is not delivered yet", (await ReadAsync(world)).Verdict.Note, StringComparison.Ordinal);
    }

    private static Task RestoreAsync(SubmitWorld world)
    {
        var now = world.State.Time.GetUtcNow();
        return world.Service<LocalDatabase>().WriteAsync(
            session => LocalRestoreLedger.Put(session, new(now.AddHours(-1), now)), durable: true, Token);
    }

    private static Task<Overview> ReadAsync(SubmitWorld world) =>
        world.Service<OverviewReporter>().ReportAsync(Token);
}
