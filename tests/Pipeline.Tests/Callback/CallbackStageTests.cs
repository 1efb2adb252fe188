using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Callback;
using Pipeline.Delivery;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Callback;

[Trait("Promise", "3")]
public sealed class CallbackStageTests : IDisposable
{
    private const string Submission = "list-000001";
    private readonly List<ResultMessage> _sent = [];
    private readonly Mock<IWorkQueue> _queue = new();
    private readonly CallbackTokens _tokens;
    private readonly CallbackStage _stage;
    private readonly CallbackLimits _limits;
    private readonly FakeTimeProvider _time = new();

    public CallbackStageTests()
    {
        var options = new PipelineOptions { Delivery = { CallbackBase = new("http://localhost") } };
        options.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
        _tokens = new(Microsoft.Extensions.Options.Options.Create(options));
        _queue.Setup(
            q =>
                q.SendAsync(
                    QueueNames.Results, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), TimeSpan.Zero,
                    It.IsAny<CancellationToken>()))
            .Callback((string _, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan _, CancellationToken _) =>
                _sent.AddRange(
                    messages.Select(m => JsonSerializer.Deserialize(m.Span, PipelineJson.Plain.ResultMessage)!)))
            .Returns(Task.CompletedTask);
        _limits = new(perSubmission: 40, perSecond: 60, wrongPerSecond: 5);
        _stage = new(
            _tokens, _limits, new(_time), Gatherers.Prompt(_queue.Object, _time), NullLogger<CallbackStage>.Instance);
    }

    /// <summary>
    /// A caller may send any trace context. Its hints and log lines still belong to the list's trace.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheTraceThatACallerClaimsIsNotTrusted(bool isTraced)
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => isTraced && source.Name == ListTrace.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        using var request = new Activity("request")
            .SetParentId("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").Start();

        var answer = await _stage.HandleAsync(
            Submission, _tokens.UrlFor(Submission)!.Segments[^1],
            new MemoryStream("""{"task_id":"t-1"}"""u8.ToArray()), TestContext.Current.CancellationToken);

        Assert.Equal(CallbackAnswer.Accepted, answer);
        var sender = Assert.Single(_sent).TraceParent;
        Assert.DoesNotContain("0af7651916cd43dd8448eb211c80319c", sender ?? "", StringComparison.Ordinal);
        if (isTraced)
            Assert.StartsWith($"00-{ListTrace.IdOf("list").ToHexString()}-", sender, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{"status":"success","task":{"id":"t-1","state":"pending","created_at":"2026-01-24T12:36:24.685Z","input":"""
            + """{}}}""")]
    [InlineData("""{"task":{"id":"t-1"}}""")]
    [InlineData("""{"id":"t-1","state":"success","status_url":"https://evil/","output_url":"file:///etc/passwd"}""")]
    [InlineData("""{"task_id":"t-1"}""")]
    [InlineData("""{"id":"b-1","tasks":["t-1"],"completed":true}""")]
    [InlineData("""{"batch":{"id":"b-1","tasks":[{"id":"t-1"},null,{"id":"t-1"}]}}""")]
    [InlineData("""[{"task":{"id":"t-1"}},17,{"id":"t-1"}]""")]
    [InlineData("\uFEFF{\"task\":{\"id\":\"t-1\"}}")]
    [InlineData("""{"task":{"id":"t-1","input":{"url":"https://a/\ud800"}}}""")]
    [InlineData("""{"\ud800":1,"task":{"\udc00":{},"id":"t-1"}}""")]
    [InlineData("""{"data":{"task":{"id":"t-1"}}}""")]
    [InlineData("""{"event":"task.completed","data":{"id":"t-1","state":"success"}}""")]
    [InlineData("""{"response":{"batch":{"id":"b-1","tasks":["t-1"]}}}""")]
    [InlineData("""[{"data":{"task":"t-1"}}]""")]
    [InlineData("""{"status":"\ud800","tasks":["\ud800",{"id":"\udfff"},"t-1"]}""")]
    public async Task EveryFormOfABodyGivesItsTaskIdsAndNothingElse(string body)
    {
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync(body));
        var message = Assert.Single(_sent);
        Assert.Equal(
            (Submission, "t-1", DiscoveredBy.Webhook), (message.SubmissionId, message.TaskId, message.DiscoveredBy));
    }

    /// <summary>An id may be a number, as in the API's answers; the ledger stores its digits.</summary>
    [Theory]
    [InlineData("""{"task":{"id":17}}""")]
    [InlineData("""{"task_id":17}""")]
    [InlineData("""{"batch":{"id":1,"tasks":[17,{"task_id":17}]}}""")]
    public async Task ANumberIsAnIdToo(string body)
    {
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync(body));
        Assert.Equal("17", Assert.Single(_sent).TaskId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"t-1\"")]
    [InlineData("{}")]
    [InlineData("""{"task":{"id":"../../etc"}}""")]
    [InlineData("""{"task":{"id":[17]}}""")]
    [InlineData("""{"data":[{"task":{"id":"t-1"}}]}""")]
    [InlineData("""{"data":{"data":{"data":{"data":{"task":{"id":"t-1"}}}}}}""")]
    [InlineData("""{"task":null}""")]
    [InlineData("""{"task":{"id":"\ud800"}}""")]
    [InlineData("""["t-1"]""")]
    [InlineData("""[[{"task":{"id":"t-1"}}]]""")]
    [InlineData("\u001f\u008b")]
    public async Task AMalformedBodyIsRefusedAndQueuesNothing(string body)
    {
        Assert.Equal(CallbackAnswer.Malformed, await HandleAsync(body));
        Assert.Empty(_sent);
    }

    [Fact]
    public async Task AVeryDeeplyNestedBodyIsMalformed() =>
        Assert.Equal(
            CallbackAnswer.Malformed,
            await HandleAsync(string.Concat(Enumerable.Repeat("{\"task\":", 5000)) + "1" + new string('}', 5000)));

    [Fact]
    public async Task AWrongTokenIsRefusedBeforeTheBodyIsRead()
    {
        var body = new Mock<Stream>(MockBehavior.Strict);
        Assert.Equal(
            CallbackAnswer.Unauthorized,
            await _stage.HandleAsync(Submission, "wrong", body.Object, TestContext.Current.CancellationToken));
        Assert.Equal(
            CallbackAnswer.Unauthorized,
            await _stage.HandleAsync("list-000002", Token, body.Object, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ABodyOfOneMebibyteIsAcceptedAndOneMoreByteIsNot()
    {
        var start = """{"task":{"id":"t-1","note":" """;
        var fitting = start + new string('x', CallbackBodyReader.MaxBytes - start.Length - 3) + "\"}}";
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync(fitting));
        Assert.Equal(CallbackAnswer.TooLarge, await HandleAsync(fitting + " "));
    }

    [Fact]
    public async Task AGzippedBodyIsAcceptedUpToTheSameSize()
    {
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync(Gzip("""{"task":{"id":"t-1"}}"""u8)));
        Assert.Equal(CallbackAnswer.TooLarge, await HandleAsync(Gzip(new byte[50_000_000])));
        Assert.Equal(CallbackAnswer.Malformed, await HandleAsync(Gzip("""{"task":{"id":"t-1"}}"""u8)[..^12]));
        Assert.Equal(CallbackAnswer.Malformed, await HandleAsync([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]));
        Assert.Equal("t-1", Assert.Single(_sent).TaskId);
    }

    [Theory]
    [InlineData(5_000_000, 5_000_000)]
    [InlineData(500_000_000, CallbackBodyReader.MaxBytes + CallbackBodyReader.MaxDiscardedBytes)]
    [Trait("Promise", "5")]
    public async Task ABodyThatIsTooLargeIsReadToItsEndWithinABound(int size, int expected)
    {
        using var body = new EndlessStream(size);

        Assert.Equal(
            CallbackAnswer.TooLarge,
            await _stage.HandleAsync(Submission, Token, body, TestContext.Current.CancellationToken));

        Assert.InRange(body.Position, expected, expected + CallbackBodyReader.MaxBytes);
    }

    [Fact]
    public async Task ABodyThatDoesNotArriveTimesOut()
    {
        var body = new Mock<Stream>();
        body.Setup(b => b.ReadAsync(It.IsAny<Memory<byte>>(), It.IsAny<CancellationToken>()))
            .Returns(async (Memory<byte> _, CancellationToken token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return 0;
            });
        var answer = _stage.HandleAsync(Submission, Token, body.Object, TestContext.Current.CancellationToken);

        _time.Advance(CallbackBodyReader.Limit);

        Assert.Equal(CallbackAnswer.TooSlow, await answer);
    }

    [Fact]
    public async Task ABodyThatIsNoHttpIsMalformed()
    {
        // Kestrel throws the first error for a chunk size of sixteen F, and one like the second for any other invalid
        // size.
        foreach (var error
            in (IOException[])[new("Bad chunk size data.", new OverflowException()), new("Bad chunk size data.")])
        {
            var body = new Mock<Stream>();
            body.Setup(b => b.ReadAsync(It.IsAny<Memory<byte>>(), It.IsAny<CancellationToken>())).Throws(error);
            Assert.Equal(
                CallbackAnswer.Malformed,
                await _stage.HandleAsync(Submission, Token, body.Object, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task TheLimitsCountIdsAndNotWebhooks()
    {
        string Body(int count) =>
            $$"""{"tasks":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"t-{i}\""))}}]}""";
        Assert.Equal(CallbackAnswer.TooLarge, await HandleAsync(Body(41)));
        Assert.Empty(_sent);
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync(Body(30)));
        Assert.Equal(CallbackAnswer.TooMany, await HandleAsync(Body(30)));
        Assert.Equal(30, _sent.Sum(message => message.Each().Count()));
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync(Body(20), "list-000002"));
    }

    [Fact]
    public async Task AFailingQueueFailsTheWebhookSoThatNimbleRepeatsIt()
    {
        _queue.Setup(
            q =>
                q.SendAsync(
                    QueueNames.Results, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), TimeSpan.Zero,
                    It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient(FailureReasons.Unavailable, "The queue is unavailable."));
        await Assert.ThrowsAsync<PipelineException>(() => HandleAsync("""{"task":{"id":"t-1"}}"""));
    }

    [Fact]
    public async Task ConcurrentWebhooksShareMessagesAndEachIsAnsweredWhenItsOwnIsSent()
    {
        var sends = new Queue<TaskCompletionSource>();
        _queue.Setup(
            q =>
                q.SendAsync(
                    QueueNames.Results, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), TimeSpan.Zero,
                    It.IsAny<CancellationToken>()))
            .Returns((string _, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan _, CancellationToken _) =>
            {
                _sent.AddRange(
                    messages.Select(m => JsonSerializer.Deserialize(m.Span, PipelineJson.Plain.ResultMessage)!));
                sends.Enqueue(new(TaskCreationOptions.RunContinuationsAsynchronously));
                return sends.Last().Task;
            });
        Task<CallbackAnswer> Webhook(int task, string submission = Submission) =>
            HandleAsync($$$"""{"task":{"id":"t-{{{task}}}"}}""", submission);
        var alone = Webhook(0);
        var burst = Enumerable.Range(1, ResultMessage.MaxTasks).Select(i => Webhook(i)).ToList();
        var other = Webhook(7, "list-000002");
        var late = Webhook(99);

        Assert.Equal([(Submission, 1), ("list-000002", 1)], _sent.Select(m => (m.SubmissionId, m.Each().Count())));
        Assert.DoesNotContain([alone, .. burst, other, late], webhook => webhook.IsCompleted);
        sends.Dequeue().SetResult();
        Assert.Equal(CallbackAnswer.Accepted, await alone);
        await Patience.UntilAsync(() => _sent.Count == 3);
        Assert.Equal(
            Enumerable.Range(1, ResultMessage.MaxTasks).Select(i => $"t-{i}"), _sent[2].Each().Select(m => m.TaskId));
        Assert.DoesNotContain(burst, webhook => webhook.IsCompleted);
        sends.Dequeue().SetResult();
        Assert.Equal(CallbackAnswer.Accepted, await other);
        sends.Dequeue().SetException(
            PipelineException.Transient(FailureReasons.Unavailable, "The queue is unavailable."));
        foreach (var webhook in burst)
            await Assert.ThrowsAsync<PipelineException>(() => webhook);
        await Patience.UntilAsync(() => _sent.Count == 4);
        sends.Dequeue().SetResult();
        Assert.Equal(CallbackAnswer.Accepted, await late);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task TooManyWebhooksForOneSubmissionAreRefusedAndOthersAreAccepted()
    {
        var answers = await RepeatAsync(200, () => HandleAsync("""{"task":{"id":"t-1"}}"""));
        Assert.InRange(answers.Count(a => a == CallbackAnswer.Accepted), 40, 60);
        Assert.Equal(answers.Count(a => a == CallbackAnswer.Accepted), _sent.Count);
        Assert.Equal(CallbackAnswer.TooMany, answers[^1]);
        Assert.Equal(CallbackAnswer.Accepted, await HandleAsync("""{"task":{"id":"t-1"}}""", "list-000002"));
    }

    [Fact]
    public async Task AllSubmissionsTogetherHaveALimitToo()
    {
        var answers = new List<CallbackAnswer>();
        for (var i = 0; i < 200; i++)
            answers.Add(await HandleAsync("""{"task":{"id":"t-1"}}""", $"list-{i:D6}"));
        Assert.InRange(answers.Count(a => a == CallbackAnswer.Accepted), 60, 180);
        Assert.Contains(CallbackAnswer.TooMany, answers);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task WrongTokensHaveTheirOwnLimitAndDoNotAffectRightOnes()
    {
        var body = new Mock<Stream>(MockBehavior.Strict);
        var answers = await RepeatAsync(
            500, () => _stage.HandleAsync(Submission, "wrong", body.Object, TestContext.Current.CancellationToken));
        Assert.Contains(CallbackAnswer.TooMany, answers);
        Assert.Contains(CallbackAnswer.Unauthorized, answers);
        Assert.All(
            await RepeatAsync(40, () => HandleAsync("""{"task":{"id":"t-1"}}""")),
            a => Assert.Equal(CallbackAnswer.Accepted, a));
    }

    public void Dispose() => _limits.Dispose();

    private static async Task<IReadOnlyList<CallbackAnswer>> RepeatAsync(int times, Func<Task<CallbackAnswer>> call)
    {
        var answers = new List<CallbackAnswer>();
        for (var i = 0; i < times; i++)
            answers.Add(await call());
        return answers;
    }

    private static byte[] Gzip(ReadOnlySpan<byte> text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(text);
        return packed.ToArray();
    }

    private string Token => _tokens.UrlFor(Submission)!.Segments[^1];

    private Task<CallbackAnswer> HandleAsync(string body, string submission = Submission) =>
        HandleAsync(Encoding.UTF8.GetBytes(body), submission);

    private Task<CallbackAnswer> HandleAsync(byte[] body, string submission = Submission) =>
        _stage.HandleAsync(
            submission, _tokens.UrlFor(submission)!.Segments[^1], new MemoryStream(body),
            TestContext.Current.CancellationToken);

    /// <summary>A stream of zeros that uses no memory.</summary>
    private sealed class EndlessStream(long size) : MemoryStream
    {
        private long _position;

        public override long Position => _position;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, size - _position);
            _position += count;
            return ValueTask.FromResult(count);
        }
    }
}
