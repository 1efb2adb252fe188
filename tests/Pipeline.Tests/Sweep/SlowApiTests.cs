using Microsoft.Extensions.DependencyInjection;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Sweep;
using Pipeline.Sweep.Accepted;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep;

/// <summary>An API that does not answer delays neither other lists nor the end of its own submission.</summary>
[Trait("Promise", "9")]
public sealed class SlowApiTests : IDisposable
{
    private const string Slow = "slow";

    private readonly ManualResetEventSlim _answers = new(initialState: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _answers.Set();
        _answers.Dispose();
    }

    [Fact]
    public async Task TheLastQuestionsBeforeGivingUpEndAfterTheirLimit()
    {
        await using var world = await StartAsync();
        var submission = (await world.Ledger.GetSubmissionAsync($"{Slow}-000000", Token))!;
        var inputs = await world.Ledger.GetInputsAsync(submission.SubmissionId, Token);
        _answers.Reset();
        var asked = world.Seen.Count;

        var ask = world.Service<FinalCheck>().AskAsync(submission, inputs, Token);
        await Patience.UntilAsync(() => world.Seen.Count > asked);
        world.State.Time.Advance(TimeSpan.FromSeconds(119));
        // Its time limit has not been reached.
        Assert.True(world.State.Time.IsAwaitedFor(TimeSpan.FromMinutes(2)));
        Assert.False(ask.IsCompleted);

        asked = world.Seen.Count;
        world.State.Time.Advance(TimeSpan.FromSeconds(2));
        // Time passes only once the next question is asked.
        await Patience.UntilAsync(() =>
        {
            if (world.Seen.Count > asked)
            {
                asked = world.Seen.Count;
                world.State.Time.Advance(TimeSpan.FromSeconds(121));
            }
            return ask.IsCompleted;
        });
        await ask;
        Assert.True(world.State.Time.GetUtcNow() - submission.PostedAt < TimeSpan.FromMinutes(15));
    }

    [Fact]
    public async Task AListThatIsCompleteIsClosedWhileALookAtAnotherOneHangs()
    {
        await using var world = await StartAsync();
        await world.PlanAsync(2);
        await world.WorkAsync();
        world.State.Time.Advance(TimeSpan.FromMinutes(2));
        _answers.Reset();
        var asked = world.Seen.Count;
        var pass = world.SweepAsync();
        await Patience.UntilAsync(() => world.Seen.Count > asked);

        await using var another = await world.OpenAsync();
        var inputs = await world.Ledger.GetInputsAsync("list-000000", Token);
        await world.Ledger.UpdateInputsAsync(
            [.. inputs.Select(i => i with { State = InputState.Failed, Reason = FailureReasons.TaskFailed })], Token);
        // The pass checks this submission too, and whoever writes the row second must read it again.
        await Patience.UntilAsync(async () =>
        {
            var quick = (await world.Ledger.GetSubmissionAsync("list-000000", Token))!;
            if (quick.State != SubmissionState.Closed)
                await another.GetRequiredService<SubmissionCloser>().CloseAsync(
                    quick, await world.Ledger.GetInputsAsync(quick.SubmissionId, Token), Token);
            return quick.State == SubmissionState.Closed;
        });
        await Patience.UntilAsync(async () =>
        {
            // Only while the pass waits for it; otherwise the check would reach its own limit.
            if (world.State.Time.IsAwaitedFor(SweepStage.CloseEvery))
                world.State.Time.Advance(SweepStage.CloseEvery);
            return (await world.Ledger.GetListAsync(SubmitWorld.ListId, Token))!.State == ListState.Closed;
        });

        Assert.False(_answers.IsSet);
        Assert.Equal(ListState.Open, (await world.Ledger.GetListAsync(Slow, Token))!.State);
        _answers.Set();
        await world.State.Time.AdvanceUntilAsync(pass, TimeSpan.FromSeconds(1));
    }

    /// <summary>Starts with an accepted list whose checks wait for <see cref="_answers"/>.</summary>
    private async Task<SubmitWorld> StartAsync()
    {
        var world = await SubmitWorld.StartAsync();
        world.Get = path =>
        {
            if (path.Contains("b-1", StringComparison.Ordinal) || path.Contains("t-1", StringComparison.Ordinal)
                || path.StartsWith("/v1/tasks", StringComparison.Ordinal))
                _answers.Pass();
            return null;
        };
        await world.PlanAsync(Enumerable.Range(100, 3).Select(SubmitWorld.Url), Slow);
        await world.WorkAsync();
        return world;
    }
}
