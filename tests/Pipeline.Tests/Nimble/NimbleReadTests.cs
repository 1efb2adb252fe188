using System.IO.Compression;
using System.Text;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

public sealed class NimbleReadTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ATaskIsReadWithAllItsFields()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("""
            {"status":"success","task":{"id":"8e8c","state":"error","batch_id":"b-1","status_code":"404",
             "error":"Connection timeout","error_type":"net","download_url":"d","output_url":"o",
             "callback_url":"c","created_at":"2026-01-24T12:36:24.685Z","input":{"url":"u"},"account_name":"x",
             "queue":{"odd":1}}}
            """));
        var task = (await rig.Client.GetTaskAsync("s-1", "8e8c", Ct))!;
        Assert.Equal(
            ("8e8c", "error", "b-1", 404, "Connection timeout", "net", "d", "o", "c"),
            (task.Id, task.State, task.BatchId, task.StatusCode, task.Error, task.ErrorType, task.DownloadUrl,
                task.OutputUrl, task.Addresses.Single()));
        Assert.Equal(new DateTimeOffset(2026, 1, 24, 12, 36, 24, 685, TimeSpan.Zero), task.CreatedAt);
        Assert.Equal("u", task.Input!.Value.GetProperty("url").GetString());
        Assert.Equal("/v1/tasks/8e8c", rig.Server!.Seen[0].PathAndQuery);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task AnAnswerIsReadEvenIfCompressedUnasked(string encoding)
    {
        await using var rig = await NimbleRig.StartAsync(async context =>
        {
            context.Response.Headers.ContentEncoding = encoding;
            await using Stream body = encoding switch
            {
                "gzip" => new GZipStream(context.Response.Body, CompressionLevel.Fastest),
                "deflate" => new ZLibStream(context.Response.Body, CompressionLevel.Fastest),
                _ => new BrotliStream(context.Response.Body, CompressionLevel.Fastest),
            };
            await body.WriteAsync("""{"task":{"id":"t-1","state":"success"}}"""u8.ToArray(), Ct);
        });
        Assert.Equal("success", (await rig.Client.GetTaskAsync("s-1", "t-1", Ct))!.State);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task AnAnswerWithAFalseLabelIsATransientError(string encoding)
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json("""{"task":{"id":"t-1","state":"success"}}""", headers: ("Content-Encoding", encoding)));
        var error = await Assert.ThrowsAsync<PipelineException>(() => rig.Client.GetTaskAsync("s-1", "t-1", Ct));
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"task":{"state":null,"status_code":"x","created_at":7,"input":[],"error":{"deep":[1]}}}""")]
    [InlineData("""{"id":17,"state":{},"batch_id":"../.."}""")]
    [InlineData(
        """{"\ud800":1,"id":"\ud800","state":"\udc00","status_code":"\ud800","created_at":"\ud800","t\ud800":2}""")]
    public async Task MissingAndOddFieldsAreTolerated(string json)
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json(json));
        var task = (await rig.Client.GetTaskAsync("s-1", "t-1", Ct))!;
        Assert.Null(task.BatchId);
        Assert.Null(task.Input);
        Assert.Equal(TaskOutcome.Pending, TaskStates.Classify(task.State));
    }

    [Fact]
    public async Task ABatchIsReadInBothForms()
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json(
                """{"id":"b-1","completed":true,"completed_count":3,"progress":1.0,"tasks":"""
                    + """[{"id":"t-1","state":"success"},null,{"id":"t-2","state":"error","error":"x"}]}"""),
            TestServer.Json("""{"batch":{"completed":"true","completed_count":"3","tasks":["t-1","..","t-2"]}}"""));
        foreach (var _ in new[] { 1, 2 })
        {
            var batch = (await rig.Client.GetBatchAsync("s-1", "b-1", Ct))!;
            Assert.Equal(("b-1", true, 3), (batch.Id, batch.Completed, batch.CompletedCount));
            Assert.Equal(["t-1", "t-2"], batch.Tasks.Select(t => t.Id));
        }
    }

    [Fact]
    public async Task ProgressIsRead()
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json(
                """{"id":"b-1","completed":false,"completed_count":47,"progress":0.47,"completed_at":null}"""));
        Assert.Equal(
            new NimbleProgress("b-1", false, 47, 0.47, null), await rig.Client.GetProgressAsync("s-1", "b-1", Ct));
        Assert.Equal("/v1/batches/b-1/progress", rig.Server!.Seen[0].PathAndQuery);
    }

    [Fact]
    public async Task AnUnknownTaskOrBatchIsNull()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("""{"error":"not found"}""", 404));
        Assert.Null(await rig.Client.GetTaskAsync("s-1", "t-1", Ct));
        Assert.Null(await rig.Client.GetBatchAsync("s-1", "b-1", Ct));
        Assert.Null(await rig.Client.GetProgressAsync("s-1", "b-1", Ct));
        Assert.Null(await rig.Client.OpenResultsAsync("s-1", "t-1", Ct));
    }

    [Fact]
    public async Task AllPagesOfAListAreRead()
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json(
                """{"data":[{"id":"t-1"},null],"pagination":{"has_next":true,"next_cursor":"a+/=","total":3}}"""),
            TestServer.Json("""{"data":[{"id":"t-2"}],"pagination":{"next_cursor":"c2"}}"""),
            TestServer.Json("""{"data":[{"id":"t-3"}],"pagination":{"has_next":false,"next_cursor":"c3"}}"""));
        Assert.Equal(
            ["t-1", "t-2", "t-3"],
            await rig.Client.ListTasksAsync(Ct).SelectMany(p => p.Items).Select(t => t.Id).ToListAsync(Ct));
        Assert.Equal(
            ["/v1/tasks?limit=100", "/v1/tasks?limit=100&cursor=a%2B%2F%3D", "/v1/tasks?limit=100&cursor=c2"],
            rig.Server!.Seen.Select(r => r.PathAndQuery));
    }

    [Fact]
    public async Task BatchesAreListedWithTheIdsOfTheirTasks()
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json(
                """{"data":[{"id":"b-1","completed":true,"created_at":"2026-03-19T10:00:00.000Z","tasks":"""
                    + """["t-1","t-2"]}],"pagination":{"has_next":false,"next_cursor":null}}"""));
        var batch = await rig.Client.ListBatchesAsync(Ct).SelectMany(p => p.Items).SingleAsync(Ct);
        Assert.Equal(["t-1", "t-2"], batch.Tasks.Select(t => t.Id));
    }

    [Theory]
    [InlineData("""{"data":[{"id":"t-1"}],"pagination":{"has_next":true,"next_cursor":"same"}}""")]
    [InlineData("""{"data":[],"pagination":{"has_next":true}}""")]
    [InlineData("""{"items":[]}""")]
    public async Task AnUnreadablePageIsAnErrorAndNotAShortList(string page)
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json(page));
        var error = await Assert.ThrowsAsync<PipelineException>(
            async () => await rig.Client.ListTasksAsync(Ct).CountAsync(Ct));
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        Assert.InRange(rig.Server!.Seen.Count, 1, 2);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(555)]
    public async Task ATransientErrorOfAReadIsRetried(int status)
    {
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json("{}", status, ("retry-after-ms", "20")), TestServer.Abort(),
            TestServer.Json("""{"id":"t-1","state":"success"}"""));
        Assert.Equal("success", (await rig.Client.GetTaskAsync("s-1", "t-1", Ct))!.State);
    }

    [Fact]
    public async Task AReadWhoseConnectionIsResetIsRetried()
    {
        using var server = new ResettingServer();
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => NimbleRig.ClientOf(server.Client, server.Address).GetTaskAsync("s-1", "t-1", Ct));
        Assert.Equal((FailureReasons.Unavailable, false, 4), (error.Reason, error.IsPermanent, server.Connections));
    }

    [Fact]
    public async Task AReadGivesUpAfterAFewAttemptsAndReportsTheWait()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("{}", 503, ("Retry-After", "300")));
        var error = await Assert.ThrowsAsync<PipelineException>(() => rig.Client.GetTaskAsync("s-1", "t-1", Ct));
        Assert.Equal(
            (FailureReasons.Unavailable, false, 300),
            (error.Reason, error.IsPermanent, error.RetryAfter!.Value.TotalSeconds));
        Assert.Equal("Nimble (GET tasks/t-1) answered 503 (1 try).", error.Message);
    }

    [Fact]
    public async Task ARefusedKeySaysWhatToDo()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("{}", 401));
        var error = await Assert.ThrowsAsync<PipelineException>(() => rig.Client.GetTaskAsync("s-1", "t-1", Ct));
        // The results are paid for and the key may be corrected, so the error is transient.
        Assert.Equal((FailureReasons.AccessDenied, false), (error.Reason, error.IsPermanent));
        var ofLists = await Assert.ThrowsAsync<PipelineException>(
            () => rig.Client.ListTasksAsync(Ct).ToListAsync(Ct).AsTask());
        Assert.Equal(
            (FailureReasons.AccessDenied, true, error.Message), (ofLists.Reason, ofLists.IsPermanent, ofLists.Message));
        Assert.Equal(
            $"Nimble refuses the API key (401). Set NIMBLE_API_KEY to a valid key for {rig.Server!.Address.Authority}.",
            error.Message);
        Assert.DoesNotContain(rig.Logs.Lines, l => l.Contains("secret-key-1", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "6")]
    public async Task ARedirectIsNotFollowed()
    {
        await using var other = await TestServer.StartAsync(TestServer.Json("{}"));
        await using var rig = await NimbleRig.StartAsync(
            TestServer.Json("", 302, ("Location", other.Address.AbsoluteUri)));
        var error = await Assert.ThrowsAsync<PipelineException>(() => rig.Client.OpenResultsAsync("s-1", "t-1", Ct));
        Assert.Equal((FailureReasons.InvalidConfiguration, false), (error.Reason, error.IsPermanent));
        Assert.Empty(other.Seen);
    }

    [Fact]
    public async Task ResultsAreStreamedAsTheyAreSent()
    {
        var json = """{"data":{"html":"ü"}}""";
        await using var rig = await NimbleRig.StartAsync(TestServer.Json(json));
        await using var read = (await rig.Client.OpenResultsAsync("s-1", "t-1", Ct))!;
        using var reader = new StreamReader(read.Body);
        Assert.Equal(json, await reader.ReadToEndAsync(Ct));
        Assert.Equal("identity", rig.Server!.Seen[0].Headers["Accept-Encoding"]);
    }

    /// <summary>A compression that the first bytes do not show.</summary>
    [Fact]
    public async Task AResultInBrotliIsDecompressed()
    {
        const string Json = """{"data":{"html":"ü"}}""";
        await using var rig = await NimbleRig.StartAsync(
            async context =>
            {
                context.Response.Headers.ContentEncoding = "br";
                await using var body = new BrotliStream(context.Response.Body, CompressionLevel.Fastest);
                await body.WriteAsync(Encoding.UTF8.GetBytes(Json), Ct);
            },
            TestServer.Json(Json, headers: ("Content-Encoding", "br")));
        await using (var read = (await rig.Client.OpenResultsAsync("s-1", "t-1", Ct))!)
        {
            using var reader = new StreamReader(read.Body);
            Assert.Equal(Json, await reader.ReadToEndAsync(Ct));
        }

        await using var plain = (await rig.Client.OpenResultsAsync("s-1", "t-1", Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => plain.Body.CopyToAsync(Stream.Null, Ct));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
    }

    [Fact]
    public async Task ATruncatedResultIsAnErrorAndNotAShortResult()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Abort("half"));
        await using var read = (await rig.Client.OpenResultsAsync("s-1", "t-1", Ct))!;
        Assert.Equal(1004, read.Bytes);
        var error = await Assert.ThrowsAsync<PipelineException>(() => read.Body.CopyToAsync(Stream.Null, Ct));
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    [Fact]
    public async Task GarbageIsATransientError()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("<html>"));
        var error = await Assert.ThrowsAsync<PipelineException>(() => rig.Client.GetBatchAsync("s-1", "b-1", Ct));
        Assert.Equal("Nimble answered /v1/batches/b-1 with a body that cannot be read.", error.Message);
    }

    [Theory]
    [InlineData("/", "/v1/tasks/t-1")]
    [InlineData("/api/", "/api/v1/tasks/t-1")]
    [InlineData("/api/v1", "/api/v1/tasks/t-1")]
    public async Task TheApiMayBeUnderAnyPath(string path, string expected)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        await using var rig = NimbleRig.At(new Uri(server.Address, path));
        await rig.Client.GetTaskAsync("s-1", "t-1", Ct);
        Assert.Equal(expected, server.Seen[0].PathAndQuery);
    }

    [Fact]
    public async Task AnUnknownStateCountsAsOpenAndIsLoggedOnce()
    {
        await using var rig = await NimbleRig.StartAsync(TestServer.Json("""{"id":"t-1","state":"Pondering"}"""));
        await rig.Client.GetTaskAsync("s-1", "t-1", Ct);
        await rig.Client.GetTaskAsync("s-1", "t-1", Ct);
        Assert.Equal(
            ["Warning: Task t-1 has the unknown state 'Pondering' at Nimble; it is treated as not ended."],
            rig.Logs.Lines);
    }

    [Theory]
    [InlineData("pending", (int)TaskOutcome.Pending)]
    [InlineData("IN_PROGRESS", (int)TaskOutcome.Pending)]
    [InlineData("Success", (int)TaskOutcome.Succeeded)]
    [InlineData("completed", (int)TaskOutcome.Succeeded)]
    [InlineData("ERROR", (int)TaskOutcome.Failed)]
    [InlineData("failed", (int)TaskOutcome.Failed)]
    [InlineData(null, (int)TaskOutcome.Pending)]
    [InlineData("whatever", (int)TaskOutcome.Pending)]
    public void StatesAreClassified(string? state, int outcome) =>
        Assert.Equal((TaskOutcome)outcome, TaskStates.Classify(state));

    [Theory]
    [InlineData("8e8cfde8-345b-42b8-b3e2-0c61eb11e00f", true)]
    [InlineData("task-001-uuid", true)]
    [InlineData("a_B-9", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("-a", true)]
    [InlineData("a.b", true)]
    [InlineData("YQ==", true)]
    [InlineData("a===", false)]
    [InlineData("==", false)]
    [InlineData("a=b", false)]
    [InlineData(".a", false)]
    [InlineData("a.", false)]
    [InlineData("a..b", false)]
    [InlineData("a/b", false)]
    [InlineData("a%2e", false)]
    [InlineData("ä", false)]
    [InlineData("a\n", false)]
    public void IdsAreValidated(string? id, bool expected) => Assert.Equal(expected, TaskIds.IsWellFormed(id));

    [Fact]
    public void AnIdHasAMaximumLength()
    {
        Assert.True(TaskIds.IsWellFormed(new string('a', 128)));
        Assert.False(TaskIds.IsWellFormed(new string('a', 129)));
    }
}
