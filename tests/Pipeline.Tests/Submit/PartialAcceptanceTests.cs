using System.Text;
using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Tests.Submit;

/// <summary>A POST that accepts some inputs of a batch and says why it rejects the others.</summary>
[Trait("Promise", "1")]
public sealed class PartialAcceptanceTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""[{"url":"https://example.com/3","message":"too odd"}]""", false)]
    [InlineData("""[{"input":{"url":"https://example.com/3"},"error":"too odd"}]""", false)]
    [InlineData("""[{"index":2,"message":"too odd"}]""", true)]
    [InlineData("""[{"index":3,"message":"too odd"}]""", true)]
    [InlineData("""["inputs.2.url: too odd"]""", true)]
    [InlineData("""["too odd"]""", true)]
    [InlineData("""[{"index":2,"message":"too odd"}]""", false)]
    public async Task ARejectedInputFailsWithNimblesMessage(string errors, bool echoes)
    {
        await using var world = await StartAsync(errors, echoes);
        await DeliverAsync(world);
        await world.PassAsync(TimeSpan.FromMinutes(2), Step, collects: true);

        var inputs = await world.InputsAsync();
        Assert.Equal([InputState.Recorded, InputState.Recorded, InputState.Failed], inputs.Select(i => i.State));
        Assert.Equal(FailureReasons.SubmissionRefused, inputs[2].Reason);
        Assert.Contains("too odd", inputs[2].Failure);
        Assert.Equal(1, world.Posts);
        Assert.Equal(SubmissionState.Closed, Assert.Single(await world.SubmissionsAsync()).State);
    }

    [Theory]
    [InlineData("""[{"url":"https://example.com/3","message":"too odd"}]""", false)]
    [InlineData("""["too odd"]""", true)]
    public async Task AnUnambiguousRejectionFailsTheInputAtOnce(string errors, bool echoes)
    {
        await using var world = await StartAsync(errors, echoes);
        Assert.Equal(
            [InputState.Waiting, InputState.Waiting, InputState.Failed],
            (await world.InputsAsync()).Select(i => i.State));
    }

    [Fact]
    public async Task AnInputThatNoErrorNamesGetsNoReasonOfAnother()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Answer = (_, _) =>
            $$"""{"batch_id":"b-1","tasks":[{"id":"t-1","input":{"url":"{{SubmitWorld.Url(1)}}"} } ],"errors":"""
                + $$"""[{"url":"{{SubmitWorld.Url(2)}}","message":"too odd"},"too long"]}""";
        await world.PlanAsync(3);
        await world.WorkAsync();
        Assert.Equal(
            [null, "Nimble did not accept this input: too odd", "Nimble did not accept this input: too long"],
            (await world.InputsAsync()).Select(i =>
                i.Failure is { } json ? JsonElement.Parse(json).GetProperty("message").GetString() : null));
    }

    [Fact]
    public async Task AnInputWithoutTaskOrErrorWaits()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Answer = (_, _) =>
            """{"batch_id":"b-1","tasks":[],"errors":[{"url":"https://example.com/3","message":"too odd"}]}""";
        await world.PlanAsync(3);
        await world.WorkAsync();
        Assert.Equal(
            [InputState.Waiting, InputState.Waiting, InputState.Failed],
            (await world.InputsAsync()).Select(i => i.State));
    }

    [Fact]
    public async Task AnErrorThatNamesNoInputFailsNothingWhileTasksMayBeUnnamed()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Answer = (_, _) => """{"batch_id":"b-1","tasks":[],"errors":["too odd"]}""";
        await world.PlanAsync(3);
        await world.WorkAsync();
        Assert.All(await world.InputsAsync(), i => Assert.Equal(InputState.Waiting, i.State));
    }

    [Fact]
    public async Task AnErrorOfAnInputThatHasATaskFailsNothing()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Answer = (_, _) =>
            """{"batch_id":"b-1","tasks":["t-1","t-2","t-3"],"errors":"""
                + """[{"url":"https://example.com/3","message":"slow"}]}""";
        await world.PlanAsync(3);
        await world.WorkAsync();
        Assert.All(await world.InputsAsync(), i => Assert.Equal(InputState.Waiting, i.State));
    }

    [Fact]
    public async Task AnAnswerWithFarMoreTasksThanInputsMakesFewRows()
    {
        await using var world = await SubmitWorld.StartAsync();
        string Batch(int from) =>
            """{"id":"b-1","batch_id":"b-1","tasks":"""
                + $$"""[{{string.Join(',', Enumerable.Range(from, 90_000).Select(i => $"\"t{i}\""))}}]}""";
        world.Answer = (_, _) => Batch(0);
        var look = 0;
        world.Get = path => path switch
        {
            "/v1/batches/b-1/progress" => $$"""{"id":"b-1","completed":false,"completed_count":{{++look}} }""",
            "/v1/batches/b-1" => Batch(look * 100_000),
            _ => null,
        };
        await world.PlanAsync(2);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(3), Step);
        Assert.True(look > 2);
        Assert.Equal(8, (await world.Ledger.GetTasksAsync("list-000000", Token)).Count);
    }

    private static async Task<SubmitWorld> StartAsync(string errors, bool echoes)
    {
        var world = await SubmitWorld.StartAsync();
        string Task(int i) => echoes
            ? $$"""{"id":"t-{{i}}","state":"success","input":{"url":"{{SubmitWorld.Url(i)}}"} }"""
            : $$"""{"id":"t-{{i}}","state":"success"}""";
        var batch = $$"""{"id":"b-1","batch_id":"b-1","tasks":[{{Task(1)}},{{Task(2)}}],"errors":{{errors}} }""";
        world.Answer = (_, _) => batch;
        world.Get = path => path switch
        {
            "/v1/batches/b-1/progress" => """{"id":"b-1","completed":true,"completed_count":2}""",
            "/v1/batches/b-1" => batch,
            _ => null,
        };
        await world.PlanAsync(3);
        await world.WorkAsync();
        return world;
    }

    private static async Task DeliverAsync(SubmitWorld world)
    {
        var prefix = ObjectUri.Parse(Assert.Single(await world.SubmissionsAsync()).StorageUrl!);
        foreach (var i in (int[])[1, 2])
        {
            var result =
                $$"""{"url":"{{SubmitWorld.Url(i)}}","status":"success","data":{"html":"<p>"},"status_code":200}""";
            await world.Bucket.WriteAsync(
                prefix.Append($"t-{i}.json"), new MemoryStream(Encoding.UTF8.GetBytes(result)), Token);
        }
    }
}
