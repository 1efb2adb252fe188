using System.Text;
using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>An unanswered POST is sent again only if every source rules out that the first one was accepted.</summary>
[Trait("Promise", "2")]
public sealed class RepostTests
{
    private const string OtherBatch = "b-other";
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task ThePostIsRepeatedIfCompleteListsShowNothing(int count)
    {
        await using var world = await StartAsync(count);
        await world.PassAsync(TimeSpan.FromMinutes(20), Step);
        Assert.Equal((2, count), (world.Posts, world.Accepted.Sum(a => a.Count)));
    }

    [Fact]
    public async Task HoldingIsTheDefault()
    {
        await using var world = await StartAsync(5, o => o.Submit.Unknown = new PipelineOptions().Submit.Unknown);
        await AssertHeldAsync(world);
    }

    [Theory]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":[],"pagination":{"total":0}}""")]
    [InlineData("""{"data":[],"pagination":{"has_next":null,"next_cursor":null}}""")]
    [InlineData("""{"data":[{"no":"id"}],"pagination":{"has_next":false}}""")]
    [InlineData("""{"data":[null],"pagination":{"has_next":false}}""")]
    public async Task AListThatMayBeIncompleteProvesNothing(string page)
    {
        foreach (var count in new[] { 1, 5 })
        {
            await using var world = await StartAsync(count);
            world.Get = path => path is "/v1/batches" or "/v1/tasks" ? page : null;
            await AssertHeldAsync(world);
        }
    }

    [Fact]
    public async Task AMissingListProvesNothing()
    {
        await using var world = await StartAsync(5);
        world.HasLists = false;
        await AssertHeldAsync(world);
    }

    [Theory]
    [InlineData("""{"id":"b-other","tasks":[{"id":"t-9"}]}""")]
    [InlineData("""{"id":"b-other","tasks":[{"id":"t-9","input":{}}]}""")]
    [InlineData("""{"id":"b-other","tasks":[]}""")]
    [InlineData("""{"id":"b-other","tasks":[{"id":"t-9","input":{"url":"https://example.com/1"}}]}""")]
    [InlineData("""{"id":"b-other","tasks":[{"id":"t-9","input":{"url":"https://example.com/1","country":"XX"}}]}""")]
    [InlineData(null)]
    public async Task ABatchThatMayBeItsOwnPreventsARepost(string? details)
    {
        await using var world = await StartAsync(5, o => o.Intake.MaxInputsPerSubmission = 10);
        world.Get = path => OneBatch(path, world) ?? (path == "/v1/batches/b-other" ? details : null);
        await AssertHeldAsync(world);
        Assert.All(await world.InputsAsync(), i => Assert.Contains("b-other", i.Failure));
    }

    [Theory]
    [InlineData("""{"id":"b-other","tasks":[{"id":"t-9","input":{"url":"https://example.org/another"}}]}""")]
    [InlineData(
        """{"id":"b-other","tasks":"""
            + """[{"id":"t-9","callback_url":"https://hooks.test/api/callbacks/another-000000/token"}]}""")]
    [InlineData("""{"id":"b-other","tasks":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"},{"id":"6"}]}""")]
    public async Task ABatchProvenToBeAnothersDoesNotPreventARepost(string details)
    {
        await using var world = await StartAsync(5);
        world.Get = path => OneBatch(path, world) ?? (path == "/v1/batches/b-other" ? details : null);
        await world.PassAsync(TimeSpan.FromMinutes(20), Step);
        Assert.Equal(2, world.Posts);
    }

    [Fact]
    public async Task IfABatchsDetailsSayNothingItsFirstTaskIsRead()
    {
        await using var world = await StartAsync(5);
        world.Get = path => OneBatch(path, world) ?? path switch
        {
            "/v1/batches/b-other" => """{"id":"b-other","tasks":[{"id":"t-9","state":"pending"}]}""",
            "/v1/tasks/t-9" =>
                """{"task":{"id":"t-9","_query":"""
                    + """{"callback_url":"https://hooks.test/api/callbacks/another-000000/token"}}}""",
            _ => null,
        };
        await world.PassAsync(TimeSpan.FromMinutes(20), Step);
        Assert.Equal(2, world.Posts);
    }

    [Theory]
    [InlineData("""{"task":{"id":"t-9"}}""", false)]
    [InlineData("""{"task":{"id":"t-9","input":{"url":"https://example.org/another"}}}""", true)]
    [InlineData(null, false)]
    public async Task ATaskThatMayBeItsOwnPreventsARepostOfASingleInput(string? details, bool isAnothers)
    {
        await using var world = await StartAsync(1);
        world.Get = path => path switch
        {
            "/v1/tasks" =>
                $$"""{"data":[{"id":"t-9","created_at":"{{world.State.Time.GetUtcNow():O}}"}],"pagination":"""
                    + """{"has_next":false} }""",
            "/v1/tasks/t-9" => details,
            _ => null,
        };
        if (!isAnothers)
        {
            await AssertHeldAsync(world);
            return;
        }

        await world.PassAsync(TimeSpan.FromMinutes(20), Step);
        Assert.Equal(2, world.Posts);
        Assert.Equal("b-1", Assert.Single(await world.SubmissionsAsync()).BatchId);
    }

    [Theory]
    [InlineData("t-1.json.gz")]
    [InlineData("something else")]
    public async Task AnyObjectUnderItsPrefixPreventsARepost(string name)
    {
        // A prefix of an older version: anybody can guess it, so an object under it proves nothing.
        await using var world = await StartAsync(5, o => o.Delivery.CallbackKeys.Clear());
        await world.Bucket.WriteAsync(
            ObjectUri.Parse($"s3://results/x/list/list-000000/{name}"), new MemoryStream([1]), Token);
        await AssertHeldAsync(world);
    }

    [Fact]
    public async Task AnyObjectUnderItsSecretPrefixPreventsARepostEvenIfNotAResult()
    {
        await using var world = await StartAsync(5);
        var prefix = ObjectUri.Parse(Assert.Single(await world.SubmissionsAsync()).StorageUrl!);
        await world.Bucket.WriteAsync(prefix.Append("something else"), new MemoryStream([1]), Token);
        await AssertHeldAsync(world);
    }

    [Fact]
    public async Task AWebhookOnItsPathPreventsARepostEvenIfTheApiKnowsNothing()
    {
        await using var world = await StartAsync(5);
        await ReceiveWebhookAsync(world);
        await AssertHeldAsync(world);
        Assert.All(await world.InputsAsync(), i => Assert.Contains("a webhook came", i.Failure));
    }

    [Fact]
    public async Task AWebhookAtTheLastMomentCancelsTheRepost()
    {
        await using var world = await StartAsync(5);
        while (Assert.Single(await world.SubmissionsAsync()).State != SubmissionState.Planned)
        {
            world.State.Time.Advance(Step);
            await world.SweepAsync();
        }

        await ReceiveWebhookAsync(world);
        await world.WorkAsync();
        Assert.Equal(1, world.Posts);
        await AssertHeldAsync(world);
    }

    private static string? OneBatch(string path, SubmitWorld world) => path == "/v1/batches"
        ? $$"""{"data":[{"id":"{{OtherBatch}}","created_at":"{{world.State.Time.GetUtcNow():O}}","tasks":"""
            + """["t-9"]}],"pagination":{"has_next":false} }"""
        : null;

    private static Task ReceiveWebhookAsync(SubmitWorld world) => world.Service<CollectStage>().HandleAsync(
        JsonSerializer.SerializeToUtf8Bytes(
            new ResultMessage("list-000000", "t-1", DiscoveredBy.Webhook, world.State.Time.GetUtcNow()),
            PipelineJson.Plain.ResultMessage),
        Token);

    /// <summary>One POST that was answered 500.</summary>
    private static async Task<SubmitWorld> StartAsync(int count, Action<PipelineOptions>? change = null)
    {
        var world = await SubmitWorld.StartAsync(o =>
        {
            o.Submit.Unknown = UnknownPolicy.RepostWhenProvenAbsent;
            o.Delivery.CallbackKeys.Add(Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('k', 32))));
            change?.Invoke(o);
            o.Delivery.CallbackBase = o.Delivery.CallbackKeys.Count > 0 ? new("https://hooks.test") : null;
        });
        var broken = true;
        world.Refuse = _ => broken ? (broken = false, (500, "{}")).Item2 : null;
        await world.PlanAsync(count);
        await world.WorkAsync();
        Assert.Equal(SubmissionState.Unknown, Assert.Single(await world.SubmissionsAsync()).State);
        return world;
    }

    private static async Task AssertHeldAsync(SubmitWorld world)
    {
        await world.PassAsync(TimeSpan.FromHours(1), Step);
        Assert.Equal(1, world.Posts);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(FailureReasons.SubmissionUnknown, i.Reason));
    }
}
