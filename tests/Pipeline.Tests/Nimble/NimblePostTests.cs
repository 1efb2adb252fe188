using System.Net;
using System.Net.Sockets;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

[Trait("Promise", "2")]
public sealed class NimblePostTests
{
    private static readonly byte[] Body = """{"inputs":[{"url":"https://example.com/"}]}"""u8.ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ABatchIsPostedAsDocumentedAndReturnsItsTasks()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("""
            {"batch_id":"b7e1a2f3-4c5d","batch_size":3,"tasks":[
             {"id":"task-001-uuid","state":"pending","batch_id":"b7e1a2f3-4c5d","input":{"url":"https://example.com/"},
              "_query":{"url":"https://example.com/","storage_url":"s3://b/p/"}},
             null,{"id":"../../etc"},
             {"id":"task-002-uuid","state":"PENDING","_query":{"url":"u2","callback_url":"https://me/cb"},"input":{}}]}
            """));

        var outcome = Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostBatchAsync(Body, Ct));

        Assert.Equal("b7e1a2f3-4c5d", outcome.BatchId);
        Assert.Equal(["task-001-uuid", "task-002-uuid"], outcome.Tasks.Select(t => t.Id));
        Assert.Equal("https://example.com/", outcome.Tasks[0].Input!.Value.GetProperty("url").GetString());
        Assert.Equal(["s3://b/p/"], outcome.Tasks[0].Addresses);
        Assert.Equal(["https://me/cb"], outcome.Tasks[1].Addresses);
        var request = Assert.Single(rig.Server!.Seen);
        Assert.Equal(("POST", "/v1/extract/batch"), (request.Method, request.PathAndQuery));
        Assert.Equal("Bearer secret-key-1", request.Headers["Authorization"]);
        Assert.Equal("application/json", request.Headers["Content-Type"]);
        Assert.False(request.Headers.ContainsKey("Expect"));
        Assert.Equal(Body, request.Body);
    }

    [Theory]
    [InlineData("""{"status":"success","task":{"id":"8e8cfde8-345b","state":"pending","input":{}}}""")]
    [InlineData("""{"task_id":"8e8cfde8-345b"}""")]
    [InlineData("""{"id":"8e8cfde8-345b","state":"queued"}""")]
    [InlineData("""{"response":{"task_id":"8e8cfde8-345b"}}""")]
    [InlineData("""{"data":{"task":{"id":"8e8cfde8-345b"}}}""")]
    [InlineData("""{"status":"success","result":{"id":"8e8cfde8-345b"}}""")]
    public async Task ASingleTaskIsReadInEveryShape(string answer)
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json(answer));
        var outcome = Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostSingleAsync(Body, Ct));
        Assert.Equal("8e8cfde8-345b", Assert.Single(outcome.Tasks).Id);
        Assert.Equal("/v1/extract/async", rig.Server!.Seen[0].PathAndQuery);
    }

    [Theory]
    [InlineData("""{"response":{"batch_id":"b-1","tasks":["t-1",17]}}""")]
    [InlineData("""{"data":{"batch":{"batch_id":"b-1","tasks":[{"id":"t-1"},{"id":17}]}}}""")]
    public async Task ABatchIsReadInEveryWrapping(string answer)
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json(answer));
        var outcome = Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Equal(("b-1", "t-1", "17"), (outcome.BatchId, outcome.Tasks[0].Id, outcome.Tasks[1].Id));
    }

    [Theory]
    [InlineData(400, (int)RefusalKind.Content)]
    [InlineData(404, (int)RefusalKind.Content)]
    [InlineData(413, (int)RefusalKind.Content)]
    [InlineData(422, (int)RefusalKind.Content)]
    [InlineData(401, (int)RefusalKind.Credentials)]
    [InlineData(403, (int)RefusalKind.Credentials)]
    [InlineData(402, (int)RefusalKind.Budget)]
    [InlineData(429, (int)RefusalKind.RateLimit)]
    public async Task ARefusalHasAKindAndNimblesMessage(int status, int kind)
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json(
                """{"status":"failed","msg":"no secret-key-1","details":{"schema_validation_errors":["bad url"]}}""",
                status));
        var refused = Assert.IsType<PostOutcome.Refused>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Equal(((RefusalKind)kind, status), (refused.Kind, refused.HttpStatus));
        Assert.Equal(
            $$"""Nimble answered {{status}}: no [key] {"schema_validation_errors":["bad url"]}""", refused.Message);
        Assert.Single(rig.Server!.Seen);
    }

    [Theory]
    [InlineData("Retry-After", "7", 7.0)]
    [InlineData("Retry-After", "1.5", 1.5)]
    [InlineData("Retry-After", "-3", null)]
    [InlineData("Retry-After", "0", null)]
    [InlineData("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT", null)]
    [InlineData("retry-after-ms", "250", 0.25)]
    [InlineData("Retry-After", "99999999", 86400.0)]
    [InlineData("Retry-After", "1700000000", null)]
    [InlineData("Retry-After", "9999999999", 86400.0)]
    [InlineData("Retry-After", "soon", null)]
    public async Task ARetryWaitIsReadInAnyForm(string header, string value, double? seconds)
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("{}", 429, (header, value)));
        var refused = Assert.IsType<PostOutcome.Refused>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Equal(seconds, refused.RetryAfter?.TotalSeconds);
    }

    /// <summary>
    /// Some servers send the time of the next attempt as a Unix time; it must not become a wait of 56 years.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task ARetryWaitMayBeAUnixTime(long unitsPerSecond)
    {
        var time = DateTimeOffset.UtcNow.AddSeconds(90).ToUnixTimeSeconds() * unitsPerSecond;
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("{}", 429, ("Retry-After", $"{time}")));
        var refused = Assert.IsType<PostOutcome.Refused>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 30, 91);
    }

    [Fact]
    public async Task ARetryWaitMayBeADate()
    {
        var date = DateTimeOffset.UtcNow.AddSeconds(90).ToString("R");
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("{}", 429, ("Retry-After", date)));
        var refused = Assert.IsType<PostOutcome.Refused>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 60, 91);
    }

    [Theory]
    [InlineData(500, """{"success":"false","task_id":"t-1","message":"m"}""")]
    [InlineData(501, "proxy error")]
    [InlineData(555, "")]
    [InlineData(503, "{}")]
    [InlineData(408, "{}")]
    [InlineData(307, "{}")]
    public async Task AnyOtherStatusProvesNothingAndIsNotRepeated(int status, string body)
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json(body, status, ("Location", "/elsewhere"), ("x-task-id", "t-1")));
        var unknown = Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Equal((status, "t-1"), (unknown.HttpStatus, unknown.TaskId));
        Assert.Single(rig.Server!.Seen);
    }

    /// <summary>The batch may have been accepted, so the stage must continue.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task AnAcceptanceWithAFalseLabelProvesNothing(string encoding)
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json("""{"batch_id":"b-1","tasks":[{"id":"t-1"}]}""", 200, ("Content-Encoding", encoding)));
        Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Single(rig.Server!.Seen);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"batch_id":"b""")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"batch_id":"../x","tasks":[]}""")]
    public async Task AnUnreadableAcceptanceProvesNothing(string body)
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json(body, 200, ("x-task-id", "t-9")));
        var unknown = Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Equal((200, "t-9"), (unknown.HttpStatus, unknown.TaskId));
    }

    [Fact]
    public async Task AnAnswerCutInHalfProvesNothing()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Abort("""{"batch_id":"b-1","tasks":["""));
        Assert.Equal(200, Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct)).HttpStatus);
    }

    [Fact]
    public async Task ARefusalCutInHalfIsStillARefusal()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Abort("""{"msg":""", status: 402));
        Assert.Equal(
            RefusalKind.Budget, Assert.IsType<PostOutcome.Refused>(await rig.Client.PostBatchAsync(Body, Ct)).Kind);
    }

    [Fact]
    public async Task AHugeAnswerIsNotReadToItsEnd()
    {
        var sent = 0L;
        var hungUp = new TaskCompletionSource();
        await using var rig = await NimbleRig.StartAsync(async context =>
        {
            using var _ = context.RequestAborted.Register(() => hungUp.TrySetResult());
            for (var chunk = new byte[1 << 20]; sent < 100_000 && !hungUp.Task.IsCompleted; sent++)
            {
                await context.Response.Body.WriteAsync(chunk, CancellationToken.None);
                // Writes return at once after the connection is gone, so give its end time to arrive.
                if (sent > 32)
                    await Task.WhenAny(hungUp.Task, Task.Delay(20));
            }
        });
        Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct));
        await hungUp.Task.WaitAsync(Patience.Limit, Ct);
        Assert.InRange(sent, 32, 5000);
    }

    [Fact]
    public async Task ATimeoutProvesNothing()
    {
        await using var server = await TestServer.StartAsync(TestServer.Silence());
        var time = new AwaitedTime();
        var limit = TimeSpan.FromMilliseconds(300);
        await using var rig = NimbleRig.At(server.Address, time, o => o.Timeout = limit);
        var posting = rig.Client.PostBatchAsync(Body, Ct);
        await Patience.UntilAsync(() => server.Seen.Count == 1);
        await time.PassAsync(limit);
        var unknown = Assert.IsType<PostOutcome.Unknown>(await posting.WaitAsync(Patience.Limit, Ct));
        Assert.Contains("no answer within 0.3 s", unknown.Message, StringComparison.Ordinal);
        Assert.Single(server.Seen);
    }

    [Fact]
    public async Task OurOwnCancellationIsNotAnOutcome()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Silence());
        using var stop = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.Client.PostBatchAsync(Body, stop.Token));
    }

    [Fact]
    public async Task ARefusedConnectionProvesThatNothingWasAccepted()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await AssertNotReachedAsync(new Uri($"http://127.0.0.1:{port}"));
    }

    [Fact]
    public Task AnUnknownHostProvesThatNothingWasAccepted() => AssertNotReachedAsync(new Uri("http://nowhere.invalid"));

    [Fact]
    public async Task AFailedTlsHandshakeProvesThatNothingWasAccepted()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        await AssertNotReachedAsync(new UriBuilder(server.Address) { Scheme = "https" }.Uri);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task AConnectionResetAtOnceProvesThatNothingWasAccepted()
    {
        using var server = new ResettingServer();
        await AssertNotReachedAsync(NimbleRig.ClientOf(server.Client, server.Address));
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task AConnectionThatBreaksBeforeTheAnswerProvesNothingAndOnePostArrives()
    {
        await using var server = new ClosingServer(Body, answersBeforeClose: 0);
        await using var rig = NimbleRig.At(server.Address);
        Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct));
        Assert.Equal(1, server.Posts);
    }

    /// <summary>
    /// The server keeps the connection alive after the first answer, reads the second request, and closes.
    /// </summary>
    [Fact]
    public async Task APostOnAStaleConnectionArrivesExactlyOnce()
    {
        await using var server = new ClosingServer(Body, answersBeforeClose: 1);
        await using var rig = NimbleRig.At(server.Address);
        Assert.IsType<PostOutcome.Accepted>(await rig.Client.PostBatchAsync(Body, Ct));
        for (var i = 2; i <= 5; i++)
        {
            server.CloseAfterBody = true;
            Assert.IsType<PostOutcome.Unknown>(await rig.Client.PostBatchAsync(Body, Ct));
            Assert.Equal(i, server.Posts);
        }
    }

    [Fact]
    public async Task EachPostHasItsOwnConnectionWhileReadsShareOne()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("""{"task_id":"t-1"}"""));
        for (var i = 0; i < 3; i++)
            await rig.Client.PostSingleAsync(Body, Ct);
        for (var i = 0; i < 3; i++)
            await rig.Client.GetTaskAsync("s-1", "t-1", Ct);
        Assert.Equal(4, rig.Server!.Seen.Select(r => r.ConnectionId).Distinct().Count());
    }

    [Fact]
    public async Task ABodyCannotBeSentTwice()
    {
        using var content = new OnceContent(Body);
        await content.CopyToAsync(Stream.Null, Ct);
        await Assert.ThrowsAnyAsync<Exception>(() => content.CopyToAsync(Stream.Null, Ct));
    }

    [Fact]
    [Trait("Promise", "6")]
    public async Task AKeyWithALineBreakIsRefusedWithoutShowingIt()
    {
        var error = Assert.Throws<PipelineException>(
            () => NimbleRig.At(new Uri("http://127.0.0.1:1"), change: o => o.ApiKey = "abc\ndef"));
        Assert.Equal("NIMBLE_API_KEY has characters that no key has. Set it to the key alone.", error.Message);
        await using var fine = NimbleRig.At(new Uri("http://127.0.0.1:1"), change: o => o.ApiKey = "abc\n");
    }

    private static async Task AssertNotReachedAsync(Uri address)
    {
        await using var rig = NimbleRig.At(address);
        await AssertNotReachedAsync(rig.Client);
    }

    private static async Task AssertNotReachedAsync(NimbleClient client)
    {
        var refused = Assert.IsType<PostOutcome.Refused>(await client.PostBatchAsync(Body, Ct));
        Assert.Equal((RefusalKind.NotReached, null), (refused.Kind, refused.HttpStatus));
        Assert.DoesNotContain("secret-key-1", refused.Message, StringComparison.Ordinal);
    }
}
