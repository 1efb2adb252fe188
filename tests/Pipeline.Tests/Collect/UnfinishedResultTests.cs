using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Tests.Collect;

/// <summary>
/// An unfinished result, or another input's, is read again until the deadline, then from the API; only then does the
/// input fail.
/// </summary>
[Trait("Promise", "8")]
public sealed class UnfinishedResultTests
{
    private const string Html = "<!doctype html><html><body>502 Bad Gateway</body></html>";
    private const string Xml = """<?xml version="1.0"?><Error><Code>InternalError</Code></Error>""";

    public static TheoryData<string, string> Unfinished => new()
    {
        { """{"status":"pending"}""", "reports 'pending'" },
        { """{"task_id":"t-1-0","status":"In_Progress","data":{"html":"<p>half"}}""", "reports 'In_Progress'" },
        { """{"status":"warming up"}""", "reports 'warming up'" },
        { """{"message":"Service Unavailable"}""", "has neither data nor a status" },
        { Html, "unexpected byte 0x3C" },
        { Xml, "unexpected byte 0x3C" },
        { """[{"status":"success"},{"status":"success"}]""", "holds several results" },
        { """{"task_id":"t-9-9","status":"success","data":{"html":"<p>"}}""", "holds the result of task t-9-9" },
        { """{"task_id":"t-1-0","url":"https://a.example/2","status":"success","data":{"html":"<p>"}}""",
            "holds the result of another input" },
    };

    [Theory]
    [MemberData(nameof(Unfinished))]
    public async Task AnUnfinishedResultIsReadAgainUntilItIsFinished(string answer, string _)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, answer);
        await world.ReceiveWebhookAsync(0);
        Assert.Empty(world.Failures);
        await world.DeliverAsync(0, CollectWorld.Result(0));
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("t-1-0", Assert.Single(world.Records).GetProperty("task_id").GetString());
        Assert.Empty(world.Failures);
    }

    [Theory]
    [MemberData(nameof(Unfinished))]
    public async Task AfterTheDeadlineTheApisCopyIsUsed(string answer, string _)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, answer);
        world.Api["/v1/tasks/t-1-0/results"] = CollectWorld.Result(0);
        await world.ReceiveWebhookAsync(0);
        Assert.Empty(world.Records);
        await world.PassAsync(TimeSpan.FromMinutes(11));
        Assert.EndsWith(
            "/v1/tasks/t-1-0/results",
            Assert.Single(world.Records).GetProperty("source").GetProperty("uri").GetString());
    }

    [Theory]
    [MemberData(nameof(Unfinished))]
    public async Task WithoutABetterResultTheInputFailsWithTheProblem(string answer, string message)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, answer);
        world.Api["/v1/tasks/t-1-0/results"] = """{"status":"pending"}""";
        await world.ReceiveWebhookAsync(0);
        await world.PassAsync(TimeSpan.FromMinutes(11));
        // The API's copy is unfinished too, so it is read a few more times.
        Assert.Empty(world.Failures);
        await world.PassAsync(TimeSpan.FromMinutes(6));
        var failure = Assert.Single(world.Failures);
        Assert.Contains(message, failure.GetProperty("message").GetString());
        Assert.Equal(
            message.StartsWith("reports", StringComparison.Ordinal)
                ? FailureReasons.ResultFailed
                : FailureReasons.ResultInvalid,
            failure.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task TheApisCopyMayBeLateToo()
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, Html);
        world.Api["/v1/tasks/t-1-0/results"] = """{"status":"pending"}""";
        await world.ReceiveWebhookAsync(0);
        await world.PassAsync(TimeSpan.FromMinutes(11));
        world.Api["/v1/tasks/t-1-0/results"] = CollectWorld.Result(0);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Single(world.Records);
        Assert.Empty(world.Failures);
    }

    [Fact]
    public async Task WithoutABucketTheApiIsPolledAgain()
    {
        await using var world = await CollectWorld.StartAsync(
            options => options.Delivery.StorageUrl = null, CollectWorld.Url(0), CollectWorld.Url(1));
        await MatchAsync(world);
        world.Api["/v1/tasks/t-1-0/results"] = """{"status":"pending"}""";
        await world.ReceiveWebhookAsync(0);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(world.Failures);
        world.Api["/v1/tasks/t-1-0/results"] = CollectWorld.Result(0);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Single(world.Records);
    }

    /// <summary>
    /// A worker that was down or has a long queue may read a result for the first time after its deadline.
    /// </summary>
    [Theory]
    [InlineData(Xml, true)]
    [InlineData(Xml, false)]
    [InlineData("""{"status":"success","data":{"html":"<p>""", true)]
    [InlineData("""{"status":"pending"}""", false)]
    public async Task AnAnswerOfTheApiDoesNotDecideAloneAfterTheDeadline(string answer, bool hasBucket)
    {
        await using var world = await CollectWorld.StartAsync(
            options => options.Delivery.StorageUrl = hasBucket ? options.Delivery.StorageUrl : null,
            CollectWorld.Url(0), CollectWorld.Url(1));
        await MatchAsync(world);
        world.Api["/v1/tasks/t-1-0/results"] = answer;
        await world.NotifyAsync("t-1-0");
        world.World.State.Time.Advance(TimeSpan.FromMinutes(11));
        await world.CollectAsync();
        Assert.Empty(world.Failures);

        world.Api["/v1/tasks/t-1-0/results"] = CollectWorld.Result(0);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Single(world.Records);
        Assert.Empty(world.Failures);
    }

    [Theory]
    [InlineData("SUCCESS")]
    [InlineData(" Completed ")]
    public async Task ASuccessStatusMayBeWrittenInAnyCase(string word)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(
            0, CollectWorld.Result(0).Replace("\"success\"", $"\"{word}\"", StringComparison.Ordinal));
        await world.ReceiveWebhookAsync(0);
        Assert.Equal("success", Assert.Single(world.Records).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("Error")]
    [InlineData("FAILED")]
    [InlineData("blocked")]
    [InlineData("Skipped")]
    public async Task AFailureStatusMayBeWrittenInAnyCase(string word)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, $$"""{"status":"{{word}}","data":null}""");
        await world.ReceiveWebhookAsync(0);
        Assert.Equal(FailureReasons.ResultFailed, Assert.Single(world.Failures).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task ATaskIdMayDifferInCase()
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, CollectWorld.Result(0).Replace("t-1-0", "T-1-0", StringComparison.Ordinal));
        await world.ReceiveWebhookAsync(0);
        Assert.Equal("t-1-0", Assert.Single(world.Records).GetProperty("task_id").GetString());
    }

    [Theory]
    [InlineData("\"url\":\"https://a.example/2\",", """[{"status_code":301,"url":"https://A.example/1#top"}]""")]
    [InlineData("\"url\":\"https://elsewhere.example/\",", "[]")]
    public async Task AfterARedirectTheResultMayNameAnotherInputsUrl(string url, string redirects)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(
            0, $$"""{ {{url}}"status":"success","data":{"html":"<p>","redirects":{{redirects}} } }""");
        await world.ReceiveWebhookAsync(0);
        var record = Assert.Single(world.Records);
        Assert.Equal("https://a.example/1", record.GetProperty("url").GetString());
        Assert.Contains(record.GetProperty("result_url").GetString()!, url);
    }

    [Fact]
    public async Task TheRedirectChainIdentifiesTheInput()
    {
        await using var world = await CollectWorld.StartAsync(
            CollectWorld.Url(0), CollectWorld.Url(1), CollectWorld.Url(2));
        await world.DeliverAsync(
            2,
            """{"url":"https://a.example/1","status":"success","data":{"html":"<p>","redirects":[{"status_code":"""
                + """302,"url":"https://a.example/3"}]}}""");
        await world.ReceiveWebhookAsync(2);
        Assert.Equal("https://a.example/3", Assert.Single(world.Records).GetProperty("url").GetString());
    }

    public static TheoryData<string> Empty => new("null", "{}", "[]", "\"\"", """{"html":null,"parsing":null}""");

    [Theory]
    [MemberData(nameof(Empty))]
    public async Task AnEmptyResultFailsUnlessTheApiHasData(string data)
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, $$"""{"task_id":"t-1-0","status":"success","data":{{data}},"status_code":200}""");
        await world.ReceiveWebhookAsync(0);
        var failure = Assert.Single(world.Failures);
        Assert.Equal(FailureReasons.EmptyResult, failure.GetProperty("reason").GetString());
        Assert.True(failure.GetProperty("retryable").GetBoolean());
    }

    [Fact]
    public async Task TheApiMayHaveAResultThatTheBucketLacks()
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, """{"task_id":"t-1-0","status":"success","data":{}}""");
        world.Api["/v1/tasks/t-1-0/results"] = CollectWorld.Result(0);
        await world.ReceiveWebhookAsync(0);
        Assert.Single(world.Records);
    }

    [Theory]
    [MemberData(nameof(Empty))]
    public async Task ASettingMakesEmptyResultsRecords(string data)
    {
        await using var world = await StartAsync(options => options.Collect.EmptyResults = EmptyResultMode.Record);
        await world.DeliverAsync(0, $$"""{"task_id":"t-1-0","status":"success","data":{{data}},"status_code":204}""");
        await world.ReceiveWebhookAsync(0);
        Assert.Equal(204, Assert.Single(world.Records).GetProperty("http_status").GetInt32());
    }

    [Fact]
    public async Task ABlankPageIsNotAnEmptyResult()
    {
        await using var world = await StartAsync();
        await world.DeliverAsync(0, """{"task_id":"t-1-0","status":"success","data":{"html":""}}""");
        await world.ReceiveWebhookAsync(0);
        Assert.Equal("", Assert.Single(world.Records).GetProperty("content").GetProperty("html").GetString());
    }

    /// <summary>Starts with two inputs whose tasks the API has matched.</summary>
    private static async Task<CollectWorld> StartAsync(Action<PipelineOptions>? change = null)
    {
        var world = await CollectWorld.StartAsync(change, CollectWorld.Url(0), CollectWorld.Url(1));
        await MatchAsync(world);
        return world;
    }

    private static async Task MatchAsync(CollectWorld world)
    {
        for (var i = 0; i < 2; i++)
            world.Api[$"/v1/tasks/t-1-{i}"] = $$"""
                {"task":{"id":"t-1-{{i}}","state":"success","batch_id":"b-1","input":{{CollectWorld.Url(i)}} } }
                """;
        await world.World.Ledger.AddTasksAsync(
            "list-000000", [new("t-1-0", 0), new("t-1-1", 1)], TestContext.Current.CancellationToken);
    }
}
