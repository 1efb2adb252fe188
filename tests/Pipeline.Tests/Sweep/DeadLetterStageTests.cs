using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Queues;
using Pipeline.Submit;
using Pipeline.Sweep;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep;

[Trait("Promise", "1")]
public sealed class DeadLetterStageTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task ADeadLetteredSubmissionIsNotPostedLater()
    {
        using var folder = new TempFolder();
        await using var database = await LocalDatabase.OpenAsync(folder.Path, Token);
        var ledger = new LocalLedger(database);
        var store = RecordStores.Mock();
        var submission = Some.Submission() with { State = SubmissionState.Planned, DueAt = Some.Time.AddHours(1) };
        await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Token);
        var stage = Stage(ledger, store.Object);

        await stage.HandleAsync(
            QueueNames.Submissions, Encoding.UTF8.GetBytes($$"""{"submission_id":"{{submission.SubmissionId}}"}"""),
            new IOException("No disk."), Token);

        var after = await ledger.GetSubmissionAsync(submission.SubmissionId, Token);
        Assert.Equal(SubmissionState.Refused, after!.State);
        Assert.True(after.DueAt <= Some.Time, "Sweep must close it at its next look.");
        Assert.All(
            await ledger.GetInputsAsync(submission.SubmissionId, Token), i => Assert.Equal(InputState.Failed, i.State));
        store.Verify(
            s =>
                s.PutFailuresAsync(
                    It.Is<IReadOnlyList<Failure>>(f => f.Count == submission.Count && f[0].Message == "No disk."),
                    It.IsAny<CancellationToken>()));
    }

    [Fact]
    public async Task AnInputThatHasARecordDoesNotFail()
    {
        using var folder = new TempFolder();
        await using var database = await LocalDatabase.OpenAsync(folder.Path, Token);
        var ledger = new LocalLedger(database);
        var submission = Some.Submission() with { State = SubmissionState.Accepted, AcceptedAt = Some.Time };
        var inputs = Some.Inputs(submission).Select(
            i => i with { State = InputState.Waiting, Reason = null, Failure = null, MovedTo = null }).ToList();
        await ledger.CreateSubmissionAsync(submission, inputs, Token);
        var store = RecordStores.Mock();
        store.Setup(
            s =>
                s.FindRecordsAsync(
                    submission.ListId, submission.SubmissionId, It.IsAny<IReadOnlyList<string>>(),
                    It.IsAny<CancellationToken>()))
            .ReturnsAsync(new Dictionary<string, StoredRecord> { [inputs[1].Id] = new(inputs[1].Id, Place: null) });
        var outcomes = new OutcomeRecorder(
            ledger, store.Object, new(store.Object, []), new(ledger, new FakeTimeProvider(Some.Time)), new(),
            new FakeTimeProvider(Some.Time));

        await outcomes.FailAsync(submission, inputs, new("sweep", FailureReasons.TaskExpired, "Too late."), Token);

        var after = await ledger.GetInputsAsync(submission.SubmissionId, Token);
        Assert.Equal([InputState.Failed, InputState.Recorded, InputState.Failed], after.Select(i => i.State));
        store.Verify(
            s => s.PutFailuresAsync(It.Is<IReadOnlyList<Failure>>(f => f.Count == 2), It.IsAny<CancellationToken>()));
    }

    [Theory]
    [MemberData(nameof(UnusableMessages.Bodies), MemberType = typeof(UnusableMessages))]
    [InlineData(QueueNames.Results, "")]
    [Trait("Promise", "9")]
    public async Task AMessageThatNamesNoSubmissionIsOnlyLogged(string queue, string body) =>
        await Stage(
            Mock.Of<ILedger>(MockBehavior.Strict),
            Mock.Of<IRecordStore>(MockBehavior.Strict)).HandleAsync(queue, Encoding.UTF8.GetBytes(body), error: null,
            Token);

    [Fact]
    public async Task AListThatFailsEveryAttemptIsRefusedOnce()
    {
        using var folder = new TempFolder();
        await using var database = await LocalDatabase.OpenAsync(folder.Path, Token);
        var ledger = new LocalLedger(database);
        var planning = await ledger.CreateListAsync(Some.List() with { ContentHash = new('a', 64) }, Token);
        var message = Encoding.UTF8.GetBytes("""{"source":"s3://lists/a.txt","list_id":"list"}""");
        var stage = Stage(ledger, Mock.Of<IRecordStore>(MockBehavior.Strict));

        await stage.HandleAsync(QueueNames.UrlLists, message, new InvalidOperationException("A bug."), Token);
        await stage.HandleAsync(QueueNames.UrlLists, message, error: null, Token);

        var list = Assert.Single(await ledger.GetRefusedListsAsync(Token).ToListAsync(Token));
        Assert.Equal(
            (planning.ListId, planning.ContentHash, "It could not be planned: A bug."),
            (list.ListId, list.ContentHash, list.Message));
        Assert.Empty(await ledger.GetOpenListsAsync(Token).ToListAsync(Token));
    }

    [Fact]
    public async Task TasksOfASharedMessageAreRetriedSeparately()
    {
        using var folder = new TempFolder();
        await using var database = await LocalDatabase.OpenAsync(folder.Path, Token);
        var queue = new LocalWorkQueue(database, TimeProvider.System);
        var stage = Stage(Mock.Of<ILedger>(MockBehavior.Strict), Mock.Of<IRecordStore>(MockBehavior.Strict), queue);
        var shared = new ResultMessage("list-000000", "t-1", DiscoveredBy.Webhook, Some.Time, Others: ["t-2", "t-3"]);

        await stage.HandleAsync(
            QueueNames.Results, JsonSerializer.SerializeToUtf8Bytes(shared, PipelineJson.Plain.ResultMessage),
            new IOException("No disk."), Token);

        var sent = (await queue.ReceiveAsync(QueueNames.Results, 9, TimeSpan.FromMinutes(1), Token)).Messages
            .Select(m => JsonSerializer.Deserialize(m.Body.Span, PipelineJson.Plain.ResultMessage)!).ToList();
        Assert.Equal(["t-1", "t-2", "t-3"], sent.Select(m => m.TaskId).Order());
        Assert.All(sent, message => Assert.Equal((1, null), (message.Tries, message.Others)));
    }

    /// <summary>Restarts must not lose a paid result, and a message that kills its workers must end too.</summary>
    [Theory]
    [Trait("Promise", "8")]
    [InlineData(null, 1)]
    [InlineData(1, 2)]
    [InlineData(2, null)]
    public async Task AResultWhoseWorkersEndedIsDeliveredAnewAFewTimes(int? rounds, int? next)
    {
        var (state, queue, message) = await DieAsync(new("list-000000", "t-1", DiscoveredBy.Sweep, Some.Time)
        {
            Rounds = rounds,
        }, error: null);
        Assert.Equal(next, message?.Rounds);
        Assert.Equal(next is null ? InputState.Failed : InputState.Waiting, state);
        Assert.Equal(next is null ? 0 : 1, queue);
    }

    [Theory]
    [Trait("Promise", "8")]
    [InlineData(false, InputState.Waiting)]
    [InlineData(true, InputState.Failed)]
    public async Task AnOutageFailsNoInputAndAPermanentErrorDoes(bool isPermanent, InputState expected)
    {
        var error = isPermanent
            ? PipelineException.Permanent(FailureReasons.LimitExceeded, "Too large.")
            : PipelineException.Transient(FailureReasons.Unavailable, "The queue is unreachable.");
        var (state, _, message) = await DieAsync(new("list-000000", "t-1", DiscoveredBy.Sweep, Some.Time), error);
        Assert.Equal((expected, null), (state, message?.Rounds));
    }

    /// <summary>Lets a message of an accepted submission's first task fail its last attempt.</summary>
    private static async Task<(InputState State, int Sent, ResultMessage? Next)> DieAsync(
        ResultMessage message, Exception? error)
    {
        using var folder = new TempFolder();
        await using var database = await LocalDatabase.OpenAsync(folder.Path, Token);
        var (ledger, queue) = (new LocalLedger(database), new LocalWorkQueue(database, TimeProvider.System));
        var submission = Some.Submission() with { State = SubmissionState.Accepted, AcceptedAt = Some.Time };
        var inputs = Some.Inputs(submission).Select(i => i with
        {
            State = InputState.Waiting,
            Reason = null,
            Failure = null,
            MovedTo = null,
        });
        await ledger.CreateSubmissionAsync(submission, [.. inputs], Token);
        await ledger.AddTasksAsync(submission.SubmissionId, [new(message.TaskId, 0)], Token);
        var dead = message with { SubmissionId = submission.SubmissionId };

        await Stage(ledger, RecordStores.Mock().Object, queue).HandleAsync(
            QueueNames.Results,
            JsonSerializer.SerializeToUtf8Bytes(dead, PipelineJson.Plain.ResultMessage),
            error,
            Token);

        var sent = (await queue.ReceiveAsync(QueueNames.Results, 9, TimeSpan.FromMinutes(1), Token)).Messages
            .Select(m => JsonSerializer.Deserialize(m.Body.Span, PipelineJson.Plain.ResultMessage)!)
            .ToList();
        var input = await ledger.GetInputAsync(submission.SubmissionId, 0, Token);
        return (input!.State, sent.Count, sent.SingleOrDefault());
    }

    private static DeadLetterStage Stage(ILedger ledger, IRecordStore store, IWorkQueue? queue = null)
    {
        var time = new FakeTimeProvider(Some.Time);
        var outcomes = new OutcomeRecorder(ledger, store, new(store, []), new(ledger, time), new(), time);
        var options = Microsoft.Extensions.Options.Options.Create(new PipelineOptions());
        queue ??= Mock.Of<IWorkQueue>(MockBehavior.Strict);
        return new(
            ledger,
            queue,
            new(ledger, queue, outcomes, options, time, NullLogger<SubmissionHolds>.Instance),
            new(ledger, null!, outcomes, NullLogger<TaskFailures>.Instance),
            time,
            NullLogger<DeadLetterStage>.Instance);
    }
}
