using System.Text;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Collect;
using Pipeline.Functions.Messages;
using Pipeline.Hosting;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Submit;
using Pipeline.Sweep;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>What happens to a message after its stage succeeds or fails.</summary>
public sealed class MessageRunnerTests : IDisposable
{
    private const string Text =
        """{"submission_id":"l-000000","trace_parent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}""";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private readonly Mock<IWorkQueue> _queue = new(MockBehavior.Strict);
    private readonly Mock<ILedger> _ledger = new(MockBehavior.Strict);
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(string Queue, string Body, TimeSpan Delay)> _sent = [];

    public MessageRunnerTests()
    {
        _queue.Setup(
            q =>
                q.SendAsync(
                    It.IsAny<string>(), It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), It.IsAny<TimeSpan>(),
                    It.IsAny<CancellationToken>()))
            .Callback((string queue, IReadOnlyList<ReadOnlyMemory<byte>> bodies, TimeSpan delay, CancellationToken _) =>
                _sent.AddRange(bodies.Select(body => (queue, Encoding.UTF8.GetString(body.Span), delay))))
            .Returns(Task.CompletedTask);
        // This ledger leaves the dead-letter stage nothing to do.
        _ledger.Setup(
            l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>())).ReturnsAsync((SubmissionEntry?)null);
    }

    public void Dispose() => _stopping.Dispose();

    [Fact]
    public async Task ARequestedWaitDelaysTheMessageAndIsNotAFailure()
    {
        await RunAsync(1, Busy);

        var (queue, body, delay) = Assert.Single(_sent);
        Assert.Equal((QueueNames.Submissions, TimeSpan.FromSeconds(90)), (queue, delay));
        var fields = JsonElement.Parse(body);
        Assert.Equal(
            ("l-000000", 1),
            (fields.GetProperty("submission_id").GetString(), fields.GetProperty("requeued").GetInt32()));
        _ledger.VerifyNoOtherCalls();
    }

    [Fact]
    public async Task RequestedWaitsEndWithTheFifthTry()
    {
        var text = Text;
        for (var i = 1; i < Tries.Max; i++)
        {
            await RunAsync(1, Busy, text);
            text = _sent[^1].Body;
        }

        await RunAsync(1, Busy, text);
        Assert.Equal(Tries.Max, _sent.Count);
        Assert.Equal((QueueNames.Submissions + QueueNames.PoisonSuffix, text), (_sent[^1].Queue, _sent[^1].Body));
        _ledger.Verify(l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>()), Times.Once);
    }

    [Fact]
    public async Task AListIsNeverChangedToCountItsTries()
    {
        await Assert.ThrowsAsync<PipelineException>(
            () => RunAsync(1, Busy, """{"inputs":[{"url":"http://a.test/"}]}""", QueueNames.UrlLists));

        Assert.Empty(_sent);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task OtherErrorsCountAsTriesOfTheHost(int dequeueCount)
    {
        await Assert.ThrowsAsync<IOException>(
            () => RunAsync(dequeueCount, _ => throw new IOException("The disk is full.")));

        Assert.Empty(_sent);
        _ledger.VerifyNoOtherCalls();
    }

    [Fact]
    public async Task AfterTheLastTryTheLedgerIsUpdatedAndTheMessageIsDeadLettered()
    {
        await RunAsync(Tries.Max, _ => throw new IOException("The disk is full."));

        Assert.Equal((QueueNames.Submissions + QueueNames.PoisonSuffix, Text, TimeSpan.Zero), Assert.Single(_sent));
        _ledger.Verify(l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>()), Times.Once);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AStoreFaultIsNotATryAndFailsNothing(bool stops)
    {
        await RunAsync(5, _ => throw (stops
            ? PipelineException.StoreStops(FailureReasons.Unavailable, "No spill folder.")
            : PipelineException.StoreWaits(
                FailureReasons.AccessDenied, "The sink refuses us.", retryAfter: TimeSpan.FromSeconds(70))));

        Assert.Equal((QueueNames.Submissions, Text, TimeSpan.FromSeconds(stops ? 30 : 70)), Assert.Single(_sent));
        _ledger.VerifyNoOtherCalls();
    }

    [Fact]
    public async Task APermanentErrorEndsWithItsFirstTryAndItsCause()
    {
        await RunAsync(
            1, _ => throw PipelineException.Permanent(FailureReasons.AccessDenied, "The bucket refuses us."));

        Assert.Equal((QueueNames.Submissions + QueueNames.PoisonSuffix, Text, TimeSpan.Zero), Assert.Single(_sent));
        _ledger.Verify(l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>()), Times.Once);
    }

    [Theory]
    [MemberData(nameof(UnusableMessages.Bodies), MemberType = typeof(UnusableMessages))]
    [Trait("Promise", "9")]
    public async Task AnUnreadableMessageEndsWithItsFirstTry(string queue, string body)
    {
        await RunAsync(1, _ => Read(queue, body), body, queue);

        Assert.Equal((queue + QueueNames.PoisonSuffix, body, TimeSpan.Zero), Assert.Single(_sent));
        _ledger.VerifyNoOtherCalls();
    }

    [Fact]
    public async Task AStopIsNeitherAFailureNorATry()
    {
        await RunAsync(5, async token =>
        {
            await _stopping.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
        });

        Assert.Equal((QueueNames.Submissions, Text, TimeSpan.Zero), Assert.Single(_sent));
        _ledger.VerifyNoOtherCalls();
    }

    [Fact]
    public async Task AStageThatTakesTooLongIsCancelledAndCountsAsATry()
    {
        var running = RunAsync(1, token => Task.Delay(Timeout.InfiniteTimeSpan, _time, token));
        _time.Advance(Limit);

        var error = await Assert.ThrowsAsync<PipelineException>(() => running);
        Assert.Equal((FailureReasons.Unavailable, false, null), (error.Reason, error.IsPermanent, error.RetryAfter));
        Assert.Empty(_sent);
    }

    [Theory]
    [MemberData(nameof(MessageTexts.Pairs), MemberType = typeof(MessageTexts))]
    public void AMessageIsDecodedAsInEveryHost(string text, string body) =>
        Assert.Equal(body, Encoding.UTF8.GetString(Envelope.Read(QueueNames.UrlLists, new(text)).Body.Span));

    private static Task Read(string queue, string body)
    {
        _ = queue == QueueNames.Results
            ? MessageReader.ReadResult(Encoding.UTF8.GetBytes(body)).SubmissionId
            : MessageReader.ReadSubmission(Encoding.UTF8.GetBytes(body)).SubmissionId;
        return Task.CompletedTask;
    }

    private static Task Busy(CancellationToken cancellationToken) =>
        throw PipelineException.Transient(FailureReasons.Unavailable, "Too many requests.", TimeSpan.FromSeconds(90));

    private Task RunAsync(
        int dequeueCount, Func<CancellationToken, Task> stage, string text = Text,
        string queue = QueueNames.Submissions)
    {
        var store = RecordStores.Mock().Object;
        var outcomes = new OutcomeRecorder(
            _ledger.Object, store, new(store, []), new(_ledger.Object, _time), new(), _time);
        var claims = new ClaimChecks(new(new() { ConnectionString = "UseDevelopmentStorage=true" }), _time);
        var failures = new TaskFailures(_ledger.Object, null!, outcomes, NullLogger<TaskFailures>.Instance);
        var options = Microsoft.Extensions.Options.Options.Create(new PipelineOptions());
        var holds = new SubmissionHolds(
            _ledger.Object, _queue.Object, outcomes, options, _time, NullLogger<SubmissionHolds>.Instance);
        var deadLetters = new DeadLetterStage(
            _ledger.Object, _queue.Object, holds, failures, _time, NullLogger<DeadLetterStage>.Instance);
        var late = new LateMessages(
            new(Mock.Of<ILedger>(), Mock.Of<IListEraser>(), NullLogger<LateWrites>.Instance));
        var runner = new MessageRunner(
            _queue.Object, claims, late, deadLetters, _time, NullLogger<MessageRunner>.Instance);
        var message = QueuesModelFactory.QueueMessage("id", "receipt", text, dequeueCount);
        return runner.RunAsync(queue, message, Limit, (_, token) => stage(token), _stopping.Token);
    }
}
