using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Reports;

/// <summary>
/// Status shows at any moment how far a list is, and what it waits for, why, since when and until when.
/// </summary>
[Trait("Promise", "10")]
public sealed class StatusTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AHangingTaskHidesNoOther()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(10);
        await world.WorkAsync();
        var inputs = await world.Ledger.GetInputsAsync("list-000000", Token);
        await world.Ledger.UpdateInputsAsync(
            [.. inputs.Take(9).Select(i => i with { State = InputState.Recorded })], Token);
        var status = await StatusAsync(world);
        Assert.Equal(
            (10, 9, 0, 1),
            (status.Inputs, status.Records, status.Failures, status.Submissions[nameof(SubmissionState.Accepted)]));
    }

    [Fact]
    public async Task APauseOfSubmissionIsShownWithItsReasonAndStart()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (401, """{"status":"failed","msg":"unknown key"}""");
        await world.PlanAsync(10);
        var started = world.State.Time.GetUtcNow();
        await world.PassAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(30));
        var wait = Assert.Single((await StatusAsync(world)).Waits);
        Assert.Equal(("post", "api_key", 1, 10), (wait.For, wait.Reason, wait.Submissions, wait.Inputs));
        Assert.Contains("NIMBLE_API_KEY", wait.Message);
        Assert.True(wait.Since - started < TimeSpan.FromMinutes(1)
            && wait.Until > world.State.Time.GetUtcNow().AddMinutes(-1), $"{wait}");

        world.Refuse = _ => null;
        await world.PassAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(30));
        Assert.Empty((await StatusAsync(world)).Waits);
    }

    [Fact]
    public async Task ABucketThatRefusesReadsIsShownSinceItsFirstRefusal()
    {
        await using var world = await AcceptedAsync();
        world.Bucket.Meanwhile = () =>
            throw PipelineException.Transient(FailureReasons.AccessDenied, "The bucket refuses reads (AccessDenied).");
        var started = world.State.Time.GetUtcNow();
        for (var minute = 0; minute < 5; minute++)
        {
            await CollectAsync(world);
            world.State.Time.Advance(TimeSpan.FromMinutes(1));
        }

        var wait = Assert.Single((await StatusAsync(world)).Waits, w => w.For == "results");
        Assert.Equal((FailureReasons.AccessDenied, 3, started), (wait.Reason, wait.Inputs, wait.Since));
        Assert.Contains("refuses reads", wait.Describe());

        world.Bucket.Meanwhile = () => Task.CompletedTask;
        world.State.Time.Advance(TimeSpan.FromMinutes(30));
        // No Sweep has checked it meanwhile.
        Assert.Equal(WaitReports.SweepOverdue, Assert.Single((await StatusAsync(world)).Waits).Reason);
    }

    [Fact]
    public async Task AnApiThatCannotAnswerIsShownSinceItsFirstFailure()
    {
        await using var world = await AcceptedAsync();
        world.Get = path => path.Contains("/batches", StringComparison.Ordinal) ? "no JSON" : null;
        await world.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(1));
        var wait = Assert.Single((await StatusAsync(world)).Waits);
        Assert.Equal(("look", 1, 3), (wait.For, wait.Submissions, wait.Inputs));
        Assert.True(world.State.Time.GetUtcNow() - wait.Since > TimeSpan.FromMinutes(20), $"{wait}");
    }

    [Fact]
    public async Task AnUnansweredPostAndAListThatCannotBeClosedAreShown()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (500, "{}");
        await world.PlanAsync(3);
        await world.WorkAsync();
        var list = (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!;
        var setback = new Setback
        {
            Reason = FailureReasons.Internal,
            Message = "No manifest.",
            Since = list.CreatedAt,
            Until = list.CreatedAt,
        };
        await world.Ledger.UpdateListAsync(list with { Setback = setback }, Token);
        var waits = (await StatusAsync(world)).Waits;
        Assert.Equal(["evidence", "manifest"], waits.Select(w => w.For));
        Assert.Contains("3 inputs wait for an answer to their POST since", waits[0].Describe());
    }

    private static async Task<SubmitWorld> AcceptedAsync()
    {
        var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(3);
        await world.WorkAsync();
        return world;
    }

    private static async Task<ListReport> StatusAsync(SubmitWorld world) =>
        (await world.Service<StatusReporter>().GetListAsync(SubmitWorld.ListId, Token))!;

    private static Task CollectAsync(SubmitWorld world) => world.Service<CollectStage>().HandleAsync(
        JsonSerializer.SerializeToUtf8Bytes(
            new ResultMessage("list-000000", "t-1-0", DiscoveredBy.Webhook, world.State.Time.GetUtcNow()),
            PipelineJson.Plain.ResultMessage), Token);
}
