using System.Text;
using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Outcomes;

/// <summary>
/// A record that arrives while its input is given up and its list closes counts in the files, the ledger and the
/// manifest.
/// </summary>
[Trait("Promise", "1")]
[Trait("Promise", "8")]
public sealed class RecordAfterFailureTests
{
    private const string Submission = "list-000000";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnInputGivenUpWhileItsResultIsReadBecomesARecord()
    {
        await using var world = await StartAsync();
        world.Bucket.Meanwhile = () =>
        {
            world.Bucket.Meanwhile = () => Task.CompletedTask;
            return GiveUpAsync(world);
        };
        await CollectAsync(world);
        await AssertCountedAsync(world);
    }

    [Fact]
    public async Task ARecordMissingFromTheLedgerCountsWhenItsMessageIsRepeated()
    {
        await using var world = await StartAsync();
        await GiveUpAsync(world);
        // As if a worker had checked the input before another gave it up, and was killed after writing to the sink.
        var input = (await world.InputsAsync())[0];
        await world.Service<IRecordStore>().PutRecordAsync(TextRecord.Of(input.Id, SubmitWorld.ListId), Token);
        await CollectAsync(world);
        await AssertCountedAsync(world);
    }

    [Fact]
    public async Task AnInputLeftWaitingInAClosedSubmissionByAKilledWorkerIsCounted()
    {
        await using var world = await StartAsync();
        await GiveUpAsync(world);
        var submission = (await world.Ledger.GetSubmissionAsync(Submission, Token))!;
        await world.Service<OutcomeRecorder>().TakeBackAsync(submission, [(await world.InputsAsync())[0]], Token);
        await CollectAsync(world);
        await AssertCountedAsync(world);
    }

    [Fact]
    public async Task ASubmissionIsNotClosedFromAStaleRead()
    {
        await using var world = await StartAsync();
        await GiveUpAsync(world, close: false);
        var read = (await world.Ledger.GetSubmissionAsync(Submission, Token))!;
        await CollectAsync(world);
        await world.Service<IRecordStore>().PutRecordAsync(
            TextRecord.Of((await world.InputsAsync())[0].Id, SubmitWorld.ListId), Token);
        await CollectAsync(world);
        Assert.Null(
            await world.Ledger.UpdateSubmissionAsync(
                read with { State = SubmissionState.Closed, Failures = 1 }, Token));
        await AssertCountedAsync(world);
    }

    /// <summary>Starts with an accepted URL whose result is in the bucket.</summary>
    private static async Task<SubmitWorld> StartAsync()
    {
        var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(1);
        await world.WorkAsync();
        var result =
            $$"""{"url":"{{SubmitWorld.Url(1)}}","task_id":"t-1-0","status":"success","data":"""
                + """{"html":"<p>"},"status_code":200}""";
        await world.Bucket.WriteAsync(
            ObjectUri.Parse("s3://results/x/list/list-000000/t-1-0.json"),
            new MemoryStream(Encoding.UTF8.GetBytes(result)), Token);
        return world;
    }

    /// <summary>Lets Sweep give up all inputs for their age and close the submission and the list.</summary>
    private static async Task GiveUpAsync(SubmitWorld world, bool close = true)
    {
        world.State.Time.Advance(TimeSpan.FromDays(30));
        var submission = (await world.Ledger.GetSubmissionAsync(Submission, Token))!;
        await world.Service<OutcomeRecorder>().FailAsync(
            submission, await world.InputsAsync(), new("sweep", FailureReasons.TaskExpired, "Too old."), Token,
            discoveredBy: DiscoveredBy.Sweep);
        if (close)
            await world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));
        Assert.Equal(close, (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State == ListState.Closed);
    }

    private static Task CollectAsync(SubmitWorld world) => world.Service<CollectStage>().HandleAsync(
        JsonSerializer.SerializeToUtf8Bytes(
            new ResultMessage(Submission, "t-1-0", DiscoveredBy.Webhook, world.State.Time.GetUtcNow()),
            PipelineJson.Plain.ResultMessage),
        Token);

    private static async Task AssertCountedAsync(SubmitWorld world)
    {
        await world.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));
        Assert.Equal(InputState.Recorded, Assert.Single(await world.InputsAsync()).State);
        var submission = Assert.Single(await world.SubmissionsAsync());
        Assert.Equal((SubmissionState.Closed, 1, 0), (submission.State, submission.Records, submission.Failures));
        var manifest = JsonElement.Parse(File.ReadAllText(Path.Combine(world.State.OutFolder, "manifest.json")));
        Assert.Equal((1, 0), (manifest.GetProperty("records").GetInt32(), manifest.GetProperty("failures").GetInt32()));
        Assert.Equal((1, 0), (world.State.Lines("records.ndjson").Length, world.State.Lines("failures.ndjson").Length));
    }
}
