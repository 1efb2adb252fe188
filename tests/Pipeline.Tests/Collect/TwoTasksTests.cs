using System.Text;
using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Collect;

/// <summary>
/// An input with two tasks fails only if neither can succeed any more, in whatever order they end and are reported.
/// </summary>
[Trait("Promise", "8")]
public sealed class TwoTasksTests
{
    private const string Submission = "list-000000";
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, string> _states = new()
    {
        ["t-a"] = "pending",
        ["t-b"] = "pending",
        ["t-c"] = "pending",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("t-a", "t-b", true)]
    [InlineData("t-b", "t-a", true)]
    [InlineData("t-a", "t-b", false)]
    [InlineData("t-b", "t-a", false)]
    public async Task TheSuccessfulTaskGivesTheRecordEvenIfTheOtherFailedFirst(
        string failed, string good, bool hasWebhooks)
    {
        await using var world = await StartAsync(named: ["t-a", "t-b", "t-c"]);
        await EndAsync(world, failed, "error", hasWebhooks);
        await EndAsync(world, "t-c", "success", hasWebhooks);
        await world.PassAsync(TimeSpan.FromMinutes(3), Step, collects: true);
        Assert.Empty(world.State.Lines("failures.ndjson"));

        await EndAsync(world, good, "success", hasWebhooks);
        await world.PassAsync(TimeSpan.FromMinutes(5), Step, collects: true);
        await AssertAsync(world, records: 2, good);
    }

    [Fact]
    public async Task ATaskMissingFromThePostsAnswerIsLookedUpBeforeTheInputFails()
    {
        await using var world = await StartAsync(named: ["t-a", "t-c"]);
        await EndAsync(world, "t-a", "error", hasWebhook: true);
        await EndAsync(world, "t-c", "success", hasWebhook: true);
        await world.PassAsync(TimeSpan.FromMinutes(3), Step, collects: true);
        Assert.Equal(ListState.Open, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);

        await EndAsync(world, "t-b", "success", hasWebhook: false);
        await world.PassAsync(TimeSpan.FromMinutes(5), Step, collects: true);
        await AssertAsync(world, records: 2, "t-b");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFailedResultDoesNotFailTheInputWhileAnotherTaskMaySucceed(bool hasWebhooks)
    {
        await using var world = await StartAsync(named: ["t-a", "t-b", "t-c"]);
        await EndAsync(world, "t-a", "success", hasWebhooks, result: "blocked");
        await EndAsync(world, "t-c", "success", hasWebhooks);
        await world.PassAsync(TimeSpan.FromMinutes(2), Step, collects: true);
        await EndAsync(world, "t-b", "success", hasWebhooks);
        await world.PassAsync(TimeSpan.FromMinutes(5), Step, collects: true);
        await AssertAsync(world, records: 2, "t-b");
    }

    [Theory]
    [InlineData("error", "success", true)]
    [InlineData("error", "error", false)]
    [InlineData("success", "success", false)]
    [Trait("Promise", "1")]
    public async Task TheInputFailsOnceIfNeitherTaskCanSucceed(string first, string second, bool hasWebhooks)
    {
        await using var world = await StartAsync(named: ["t-a", "t-b", "t-c"]);
        await EndAsync(world, "t-a", first, hasWebhooks, result: "blocked");
        await EndAsync(world, "t-b", second, hasWebhooks, result: "blocked");
        await EndAsync(world, "t-c", "success", hasWebhooks);
        await world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), collects: true);
        await AssertAsync(world, records: 1, null);
        Assert.Single(world.State.Lines("failures.ndjson"));
    }

    /// <summary>
    /// Starts with two inputs: t-a and t-b work on the first, t-c on the second. The POST's answer names only some
    /// tasks.
    /// </summary>
    private async Task<SubmitWorld> StartAsync(string[] named)
    {
        var world = await SubmitWorld.StartAsync();
        world.Answer = (_, _) =>
            $$"""{"batch_id":"b-1","tasks":[{{string.Join(',', named.Select(id => Describe(id, "pending")))}}]}""";
        world.Get = path => path switch
        {
            "/v1/batches/b-1/progress" => Progress(),
            "/v1/batches/b-1" =>
                $$"""{"id":"b-1","tasks":[{{string.Join(',', _states.Select(t => Describe(t.Key, t.Value)))}}]}""",
            _ when path.StartsWith("/v1/tasks/", StringComparison.Ordinal)
                && _states.TryGetValue(path["/v1/tasks/".Length..], out var state) =>
                $$"""{"task":{{Describe(path["/v1/tasks/".Length..], state)}} }""",
            _ => null,
        };
        await world.PlanAsync(2);
        await world.WorkAsync();
        return world;
    }

    private string Progress()
    {
        var ended = _states.Values.Count(state => state != "pending");
        var completed = ended == _states.Count ? "true" : "false";
        return $$"""{"id":"b-1","completed":{{completed}},"completed_count":{{ended}} }""";
    }

    private static string UrlOf(string taskId) => SubmitWorld.Url(taskId == "t-c" ? 2 : 1);

    private static string Describe(string taskId, string state) =>
        $$"""{"id":"{{taskId}}","batch_id":"b-1","state":"{{state}}","input":{"url":"{{UrlOf(taskId)}}"} }""";

    private async Task EndAsync(
        SubmitWorld world, string taskId, string state, bool hasWebhook, string result = "success")
    {
        _states[taskId] = state;
        if (state == "success")
        {
            var prefix = (await world.Ledger.GetSubmissionAsync(Submission, Token))!.StorageUrl!;
            var status = taskId == "t-c" ? "success" : result;
            var body =
                $$"""{"url":"{{UrlOf(taskId)}}","task_id":"{{taskId}}","status":"{{status}}","data":"""
                    + """{"html":"<p>"},"status_code":200}""";
            await world.Bucket.WriteAsync(
                ObjectUri.Parse($"{prefix}{taskId}.json"), new MemoryStream(Encoding.UTF8.GetBytes(body)), Token);
        }

        if (hasWebhook)
            await world.Service<CollectStage>().HandleAsync(
                JsonSerializer.SerializeToUtf8Bytes(
                    new ResultMessage(Submission, taskId, DiscoveredBy.Webhook, world.State.Time.GetUtcNow()),
                    PipelineJson.Plain.ResultMessage), Token);
    }

    private static async Task AssertAsync(SubmitWorld world, int records, string? taskId)
    {
        var inputs = await world.InputsAsync();
        Assert.Equal(records, inputs.Count(i => i.State == InputState.Recorded));
        Assert.Equal(2 - records, inputs.Count(i => i.State == InputState.Failed));
        Assert.Equal(taskId, inputs[0].State == InputState.Recorded ? inputs[0].TaskId : null);
        Assert.Equal(ListState.Closed, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State);
        Assert.Equal(
            (records, 2 - records),
            (world.State.Lines("records.ndjson").Length, world.State.Lines("failures.ndjson").Length));
    }
}
