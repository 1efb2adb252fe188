using System.Text;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Sweep;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>
/// A fault of one submission or list affects only that one: it is shown, retried with growing delays, and finally
/// ended. The others continue.
/// </summary>
[Trait("Promise", "9")]
public sealed class IsolationTests
{
    private const string Bad = "bad";
    private const string BadSubmission = "bad-000000";
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private string? _faulty;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AFaultOfOneSubmissionDoesNotStopSweepForTheOthers()
    {
        await using var world = await StartAsync(nameof(ILedger.GetTasksAsync));
        await world.SweepAsync();
        await world.FinishAsync("list-000000", records: 3);
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
        var bad = (await world.Ledger.GetSubmissionAsync(BadSubmission, Token))!;
        Assert.Equal(
            (SubmissionState.Accepted, 1, FailureReasons.Internal),
            (bad.State, bad.Setback?.Faults, bad.Setback?.Reason));
        Assert.Contains("Corrupt row", bad.Setback!.Message);
    }

    [Fact]
    public async Task APersistentFaultIsRetriedLessAndLessOftenAndFailsOnlyItsSubmission()
    {
        await using var world = await StartAsync(nameof(ILedger.GetTasksAsync));
        var delays = new List<TimeSpan>();
        for (var faults = 1; faults <= SetbackPolicy.MaxFaults; faults++)
        {
            await world.SweepAsync();
            var now = world.State.Time.GetUtcNow();
            var setback = (await world.Ledger.GetSubmissionAsync(BadSubmission, Token))!.Setback!;
            Assert.Equal((faults, true), (setback.Faults, setback.Until > now));
            delays.Add(setback.Until - now);
            world.State.Time.Advance(setback.Until - now);
        }

        Assert.All(delays.Zip(delays.Skip(1)), pair => Assert.Equal(pair.First * 2, pair.Second));
        Assert.All(await world.Ledger.GetInputsAsync(BadSubmission, Token), input => Assert.Equal(
            (InputState.Failed, FailureReasons.Internal), (input.State, input.Reason)));
        await world.SweepAsync();
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(Bad, Token))!.State);
        Assert.Null((await world.Ledger.GetSubmissionAsync(BadSubmission, Token))!.Setback);
        Assert.All(
            await world.Ledger.GetInputsAsync("list-000000", Token),
            input => Assert.Equal(InputState.Waiting, input.State));
    }

    [Fact]
    public async Task ASubmissionThatFailsBeforeItsPostIsNotPosted()
    {
        await using var world = await StartAsync(nameof(IWorkQueue.SendAsync), work: false);
        await world.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(30));
        _faulty = null;
        await world.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(30));
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(Bad, Token))!.State);
        Assert.DoesNotContain(world.Accepted, urls => urls.Contains(SubmitWorld.Url(100)));
    }

    [Fact]
    public async Task AnOutageIsNotAFaultAndIsForgottenWhenItEnds()
    {
        await using var world = await StartAsync(method: null);
        world.Get = path => path.Contains("/batches", StringComparison.Ordinal) ? "no JSON at all" : null;
        await world.PassAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(1));
        var waiting = (await world.Ledger.GetSubmissionAsync(BadSubmission, Token))!;
        Assert.Equal((SubmissionState.Accepted, 0), (waiting.State, waiting.Setback?.Faults));
        Assert.True(world.State.Time.GetUtcNow() - waiting.Setback!.Since > TimeSpan.FromHours(2));

        world.Get = _ => null;
        await world.PassAsync(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(30));
        Assert.Null((await world.Ledger.GetSubmissionAsync(BadSubmission, Token))!.Setback);
    }

    [Fact]
    public async Task AListThatCannotBeClosedDoesNotKeepOthersOpen()
    {
        await using var world = await StartAsync(method: null);
        var bad = (await world.Ledger.GetListAsync(Bad, Token))!;
        await world.Ledger.UpdateListAsync(bad with { Inputs = 99 }, Token);
        await world.FinishAsync(BadSubmission, records: 3);
        await world.FinishAsync("list-000000", records: 3);
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
        bad = (await world.Ledger.GetListAsync(Bad, Token))!;
        Assert.Equal((ListState.Open, 1), (bad.State, bad.Setback?.Faults));
        Assert.Contains("99 inputs", bad.Setback!.Message);

        await world.Ledger.UpdateListAsync(bad with { Inputs = 3 }, Token);
        world.State.Time.Advance(Step * 5);
        await world.SweepAsync();
        bad = (await world.Ledger.GetListAsync(Bad, Token))!;
        Assert.Equal((ListState.Closed, null), (bad.State, bad.Setback));
    }

    [Fact]
    public async Task AnOpenListCostsOneRowPerSweep()
    {
        var reads = 0;
        await using var world = await SubmitWorld.StartAsync(
            o => o.Intake.MaxInputsPerSubmission = 1,
            (method, _) => reads += method == nameof(ILedger.GetSubmissionsAsync) ? 1 : 0);
        await world.PlanAsync(20);
        await world.WorkAsync();
        await world.SweepAsync();
        reads = 0;
        for (var pass = 0; pass < 10; pass++)
            await world.SweepAsync();
        Assert.Equal(0, reads);
        foreach (var submission in await world.SubmissionsAsync())
            await world.FinishAsync(submission.SubmissionId, records: 1);
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }

    [Fact]
    public async Task AListsSetbackIsClearedAfterASuccessfulSweep()
    {
        await using var world = await StartAsync(method: null);
        var list = (await world.Ledger.GetListAsync(Bad, Token))!;
        var now = world.State.Time.GetUtcNow();
        var setback = new Setback
        {
            Reason = FailureReasons.Unavailable,
            Message = "No sink.",
            Since = now,
            Until = now,
        };
        await world.Ledger.UpdateListAsync(list with { Setback = setback }, Token);
        await world.SweepAsync();
        Assert.Null((await world.Ledger.GetListAsync(Bad, Token))!.Setback);
    }

    [Fact]
    public async Task ASetbackOfAnotherVersionDoesNotHideItsRow()
    {
        await using var world = await StartAsync(method: null);
        var database = await world.State.OpenAsync();
        await database.WriteAsync(
            session => session.Execute("UPDATE submission SET setback='{\"since\":7}', result_setback='no JSON'"),
            durable: true, Token);
        await world.FinishAsync("list-000000", records: 3);
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
    }

    [Fact]
    public async Task ARowThatCannotBeWrittenIsTriedOncePerSweep()
    {
        await using var world = await StartAsync(nameof(ILedger.UpdateSubmissionAsync));
        await world.SweepAsync();
        Assert.True(
            (await world.Ledger.GetSubmissionAsync("list-000000", Token))!.DueAt > world.State.Time.GetUtcNow());
        Assert.Null((await world.Ledger.GetSubmissionAsync(BadSubmission, Token))!.Setback);
    }

    [Fact]
    public async Task AnInputNestedAsDeeplyAsIntakeAllowsFailsLikeAnyOther()
    {
        await using var world = await SubmitWorld.StartAsync();
        var deep = $$"""{"url":"https://example.com/1","parser":{{new string('[', 63)}}{{new string(']', 63)}}}""";
        await world.Service<IntakeStage>().HandleAsync(
            Encoding.UTF8.GetBytes(deep + "\n" + """{"url":"https://example.com/2"}"""), Token);
        var listId = Assert.Single(await world.Ledger.GetListIdsAsync(Token).ToListAsync(Token));
        world.Refuse = _ => (422, """{"status":"failed","msg":"no"}""");
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(20));
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(listId, Token))!.State);
        Assert.Equal(2, world.State.Lines("failures.ndjson").Length);
        Assert.Equal(2, await new FailureReader(world.Ledger).ReadAsync(listId, Token).CountAsync(Token));
    }

    [Fact]
    public async Task AnUnreadableFailureIsDescribedByItsRow()
    {
        await using var world = await StartAsync(method: null);
        var inputs = await world.Ledger.GetInputsAsync(BadSubmission, Token);
        await world.Ledger.UpdateInputsAsync(
            [
                .. inputs.Select(
                    i =>
                        i with
                        {
                            State = InputState.Failed,
                            Reason = FailureReasons.TaskFailed,
                            Input = "{no JSON",
                            Failure = "{no JSON",
                        })],
            Token);
        await world.PassAsync(TimeSpan.FromMinutes(1), Step * 10);
        var failures = await new FailureReader(world.Ledger).ReadAsync(Bad, Token).ToListAsync(Token);
        Assert.All(
            failures, failure => Assert.Equal((Bad, FailureReasons.TaskFailed), (failure.ListId, failure.Reason)));
        Assert.Equal((3, ListState.Closed), (failures.Count, (await world.Ledger.GetListAsync(Bad, Token))!.State));
    }

    /// <summary>
    /// Starts two lists of three inputs, both accepted and due. One method of the ledger fails for the bad one.
    /// </summary>
    private async Task<SubmitWorld> StartAsync(string? method, bool work = true)
    {
        var world = await SubmitWorld.StartAsync(before: (name, arguments) =>
        {
            if (name == _faulty && arguments.Any(IsBad))
                throw new InvalidOperationException("Corrupt row.");
        });
        await world.PlanAsync(Enumerable.Range(100, 3).Select(SubmitWorld.Url), Bad);
        await world.PlanAsync(3);
        await (work ? world.WorkAsync() : LoseMessagesAsync(world));
        world.Get = path => path.EndsWith("b-1/progress", StringComparison.Ordinal)
            ? """{"completed":true,"completed_count":3,"progress":1.0}"""
            : null;
        world.State.Time.Advance(TimeSpan.FromMinutes(2));
        _faulty = method;
        return world;
    }

    private static async Task LoseMessagesAsync(SubmitWorld world)
    {
        var receiver = world.Service<IWorkReceiver>();
        foreach (var message
            in (await receiver.ReceiveAsync(QueueNames.Submissions, 9, TimeSpan.FromMinutes(1), Token)).Messages)
            await receiver.CompleteAsync(message, Token);
    }

    private static bool IsBad(object? argument) => argument switch
    {
        string text => text == BadSubmission,
        SubmissionEntry submission => submission.SubmissionId == BadSubmission,
        IReadOnlyList<ReadOnlyMemory<byte>> messages =>
            messages.Any(m => Encoding.UTF8.GetString(m.Span).Contains(BadSubmission, StringComparison.Ordinal)),
        _ => false,
    };
}
