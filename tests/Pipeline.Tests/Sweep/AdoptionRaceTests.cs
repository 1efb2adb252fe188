using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>
/// A webhook proves that a POST was accepted just as Sweep gives it up. Its results still become records.
/// </summary>
[Trait("Promise", "8")]
public sealed class AdoptionRaceTests
{
    private const int Count = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/batches/b-1", false)]
    [InlineData("/v1/batches/b-1", true)]
    [InlineData(nameof(ILedger.UpdateInputsAsync), false)]
    [InlineData(nameof(ILedger.UpdateSubmissionAsync), false)]
    public async Task AWebhookAtTheEndOfTheWindowWins(string moment, bool afterACrash)
    {
        var (isArmed, crashes) = (false, false);
        SubmitWorld? running = null;
        void Pass(string at)
        {
            if (crashes && at == nameof(ILedger.UpdateInputsAsync))
                throw new InvalidOperationException("Killed.");
            if (!isArmed || at != moment)
                return;
            isArmed = false;
            Hear(running!);
        }

        await using var world = await SubmitWorld.StartAsync(
            o => o.Delivery.StorageUrl = null, (method, _) => Pass(method));
        running = world;
        var isSilent = true;
        world.Refuse = _ => (500, "{}");
        world.Get = path =>
        {
            if (isSilent)
                return null;
            Pass(path);
            return Answer(path, world);
        };
        await world.PlanAsync(Count);
        await world.WorkAsync();
        world.State.Time.Advance(TimeSpan.FromHours(1));
        if (afterACrash)
        {
            crashes = true;
            await world.SweepAsync();
            Assert.Equal(SubmissionState.Refused, Assert.Single(await world.SubmissionsAsync()).State);
            crashes = false;
            world.State.Time.Advance(TimeSpan.FromHours(1));
        }

        // The API's list shows nothing yet, so Sweep gives up, unless the webhook arrives while Sweep reads that list.
        isSilent = moment[0] != '/';
        isArmed = true;
        await world.SweepAsync();
        Assert.False(isArmed);
        isSilent = false;
        await world.PassAsync(TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(30), collects: true);
        Assert.All(await world.InputsAsync(), i => Assert.Equal(InputState.Recorded, i.State));
        Assert.Equal(1, world.Posts);

        void Hear(SubmitWorld world)
        {
            isSilent = false;
            var message = new ResultMessage("list-000000", "t-1-0", DiscoveredBy.Webhook, world.State.Time.GetUtcNow());
            var body = JsonSerializer.SerializeToUtf8Bytes(message, PipelineJson.Plain.ResultMessage);
            Task.Run(() => world.Service<CollectStage>().HandleAsync(body, Token), Token).GetAwaiter().GetResult();
        }
    }

    private static string? Answer(string path, SubmitWorld world) => path switch
    {
        "/v1/batches" =>
            $$"""{"data":[{"id":"b-1","created_at":"{{world.State.Time.GetUtcNow():O}}"}],"pagination":{"has_next":"""
                + """false} }""",
        "/v1/batches/b-1" => Batch(),
        "/v1/batches/b-1/progress" => """{"id":"b-1","completed":true,"completed_count":3}""",
        _ when path.StartsWith("/v1/tasks/t-1-", StringComparison.Ordinal)
            && path.EndsWith("/results", StringComparison.Ordinal) =>
            Result(path["/v1/tasks/".Length..^"/results".Length]),
        _ when path.StartsWith("/v1/tasks/t-1-", StringComparison.Ordinal) => Describe(path["/v1/tasks/".Length..]),
        _ => null,
    };

    private static string Batch() =>
        """{"id":"b-1","completed":true,"tasks":"""
            + $$"""[{{string.Join(',', Enumerable.Range(0, Count).Select(i => Describe($"t-1-{i}")))}}]}""";

    private static string Describe(string id) =>
        $$"""{"id":"{{id}}","state":"success","batch_id":"b-1","input":{"url":"{{UrlOf(id)}}"} }""";

    private static string Result(string id) =>
        $$"""{"url":"{{UrlOf(id)}}","task_id":"{{id}}","status":"success","data":{"html":"<p>"},"status_code":200}""";

    private static string UrlOf(string id) => SubmitWorld.Url(id[^1] - '0' + 1);
}
