using System.Text;
using Pipeline.Model;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>
/// A result in the bucket becomes a record even if the API does not mention it; other objects do not.
/// </summary>
[Trait("Promise", "8")]
public sealed class BucketEvidenceTests
{
    private const int Count = 10;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task UnnamedTasksAreFoundByTheirObjects(int statusOfTheOthers)
    {
        await using var world = await StartAsync((_, _) => Batch(named: 3));
        world.Get = path => path switch
        {
            "/v1/batches/b-1/progress" => """{"id":"b-1","completed":true,"completed_count":3}""",
            "/v1/batches/b-1" => Batch(named: 3, "success"),
            _ => null,
        };
        world.FailGet = path => path.StartsWith("/v1/tasks/", StringComparison.Ordinal) ? statusOfTheOthers : null;
        await DeliverAsync(world, Enumerable.Range(0, Count));
        await world.PassAsync(TimeSpan.FromMinutes(10), Step, collects: true);
        await AssertRecordedAsync(world, Count);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(400)]
    [InlineData(401)]
    public async Task TheBucketIsReadWhileTheApiCannotAnswer(int status)
    {
        await using var world = await StartAsync((_, _) => Batch(named: 3));
        world.FailGet = _ => status;
        await DeliverAsync(world, Enumerable.Range(0, Count));
        await world.PassAsync(TimeSpan.FromMinutes(10), Step, collects: true);
        await AssertRecordedAsync(world, Count);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task AnUnansweredPostIsProvenByItsObjectsAlone(int status)
    {
        await using var world = await StartAsync((_, _) => "not JSON");
        world.FailGet = path => path.StartsWith("/v1/tasks/", StringComparison.Ordinal) ? status : null;
        await DeliverAsync(world, Enumerable.Range(0, Count));
        await world.PassAsync(TimeSpan.FromMinutes(20), Step, collects: true);
        await AssertRecordedAsync(world, Count);
        Assert.Equal(PostProof.Objects, Assert.Single(await world.SubmissionsAsync()).Proof);
    }

    [Fact]
    public async Task ObjectsThatArriveLaterAreWaitedFor()
    {
        await using var world = await StartAsync((_, _) => "not JSON");
        await DeliverAsync(world, [0, 1]);
        await world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(2), collects: true);
        await DeliverAsync(world, Enumerable.Range(2, Count - 2));
        await world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(2), collects: true);
        await AssertRecordedAsync(world, Count);
    }

    [Theory]
    [InlineData("t-1-0", "https://example.com/1", true, true)]
    [InlineData("stray", "https://example.com/1", true, false)]
    [InlineData("stray", "https://example.com/1", false, false)]
    [InlineData("stray", "https://example.org/", true, false)]
    public async Task AnObjectOfATaskThatTheApiDeniesIsNotAResult(string taskId, string url, bool hasKey, bool isResult)
    {
        await using var world = await StartAsync((_, _) => Batch(named: Count), hasKey);
        world.Get = path =>
            path == "/v1/batches/b-1/progress" ? """{"id":"b-1","completed":false,"completed_count":1}""" : null;
        await PutAsync(world, taskId, url);
        await world.PassAsync(TimeSpan.FromMinutes(20), Step, collects: true);
        Assert.Equal(isResult ? 1 : 0, (await world.InputsAsync()).Count(i => i.State == InputState.Recorded));
    }

    [Theory]
    [InlineData("""{"task":{"id":"stray","batch_id":"b-other"}}""", "https://example.com/1", true)]
    [InlineData(null, "https://example.org/", true)]
    [InlineData(null, "https://example.com/1", false)]
    public async Task AnUnnamedTasksObjectCountsOnlyUnderASecretPrefixForAWaitingInput(
        string? said, string url, bool hasKey)
    {
        await using var world = await StartAsync((_, _) => Batch(named: 3), hasKey);
        world.Get = path => path switch
        {
            "/v1/batches/b-1/progress" => """{"id":"b-1","completed":true,"completed_count":3}""",
            "/v1/batches/b-1" => Batch(named: 3, "success"),
            "/v1/tasks/stray" => said,
            _ => null,
        };
        await PutAsync(world, "stray", url);
        await world.PassAsync(TimeSpan.FromMinutes(40), Step, collects: true);
        Assert.DoesNotContain(await world.InputsAsync(), i => i.State == InputState.Recorded);
    }

    [Fact]
    public async Task ResultsAreFoundInTheBucketAfterDaysOfDowntime()
    {
        await using var world = await StartAsync((_, _) => Batch(named: 3));
        await DeliverAsync(world, Enumerable.Range(0, Count));
        world.State.Time.Advance(TimeSpan.FromDays(5));
        await world.PassAsync(TimeSpan.FromMinutes(30), Step, collects: true);
        await AssertRecordedAsync(world, Count);
    }

    [Fact]
    public async Task NoInputFailsWhileTheBucketCannotBeListed()
    {
        await using var world = await StartAsync((_, _) => Batch(named: 3));
        await DeliverAsync(world, Enumerable.Range(0, Count));
        world.Bucket.FailList = () => PipelineException.Transient(FailureReasons.Unavailable, "It is down.");
        await world.PassAsync(TimeSpan.FromHours(30), TimeSpan.FromMinutes(10), collects: true);
        Assert.Equal(Count, (await world.InputsAsync()).Count(i => i.State == InputState.Waiting));
        world.Bucket.FailList = () => null;
        await world.PassAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(10), collects: true);
        await AssertRecordedAsync(world, Count);
    }

    [Fact]
    public async Task IfTheFirstOfTwoTasksFailsTheSecondGivesTheRecord()
    {
        await using var world = await StartAsync((_, _) => Batch(named: Count));
        string Details(string second) => $$"""
            {"id":"b-1","tasks":[{"id":"t-1-0","state":"error","input":{"url":"https://example.com/1"} },
             {"id":"t-2-0","state":"{{second}}","input":{"url":"https://example.com/1"} }]}
            """;
        var (second, ended) = ("pending", 1);
        world.Get = path => path switch
        {
            "/v1/batches/b-1/progress" => $$"""{"id":"b-1","completed":false,"completed_count":{{ended}} }""",
            "/v1/batches/b-1" => Details(second),
            _ => null,
        };
        await world.PassAsync(TimeSpan.FromMinutes(2), Step, collects: true);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(InputState.Waiting, i.State));
        (second, ended) = ("success", 2);
        await PutAsync(world, "t-2-0", "https://example.com/1");
        await world.PassAsync(TimeSpan.FromMinutes(5), Step, collects: true);
        Assert.Equal("t-2-0", Assert.Single(await world.InputsAsync(), i => i.State == InputState.Recorded).TaskId);
    }

    /// <summary>Posts a list with a callback key or, as older versions did, without one.</summary>
    private static async Task<SubmitWorld> StartAsync(
        Func<int, System.Text.Json.JsonElement, string?> answer, bool hasKey = true)
    {
        var world = await SubmitWorld.StartAsync(o =>
        {
            if (hasKey)
                o.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
        });
        world.Answer = answer;
        await world.PlanAsync(Count);
        await world.WorkAsync();
        return world;
    }

    private static string Batch(int named, string state = "pending")
    {
        var tasks = string.Join(
            ',',
            Enumerable.Range(0, named).Select(i => $$"""{"id":"t-1-{{i}}","state":"{{state}}","batch_id":"b-1"}"""));
        return $$"""{"id":"b-1","batch_id":"b-1","tasks":[{{tasks}}]}""";
    }

    private static async Task DeliverAsync(SubmitWorld world, IEnumerable<int> ordinals)
    {
        foreach (var i in ordinals)
            await PutAsync(world, $"t-1-{i}", SubmitWorld.Url(i + 1));
    }

    private static async Task PutAsync(SubmitWorld world, string taskId, string url)
    {
        var result =
            $$"""{"url":"{{url}}","task_id":"{{taskId}}","status":"success","data":{"html":"<p>"},"status_code":200}""";
        var prefix = ObjectUri.Parse(Assert.Single(await world.SubmissionsAsync()).StorageUrl!);
        await world.Bucket.WriteAsync(
            prefix.Append($"{taskId}.json"), new MemoryStream(Encoding.UTF8.GetBytes(result)), Token);
    }

    private static async Task AssertRecordedAsync(SubmitWorld world, int count)
    {
        var inputs = await world.InputsAsync();
        Assert.Equal(count, inputs.Count(i => i.State == InputState.Recorded));
        Assert.Equal(count, inputs.Select(i => i.TaskId).Distinct().Count());
    }
}
