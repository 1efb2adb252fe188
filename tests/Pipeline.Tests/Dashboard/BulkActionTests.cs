using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using Pipeline.Dashboard.Acting;
using Pipeline.Model;
using Pipeline.Model.Actions;
using Pipeline.Ports.Ledgers;
using Pipeline.Replay;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Dashboard;

/// <summary>A long action shows its progress, also after the page is loaded again.</summary>
public sealed class BulkActionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThePageCountsHowFarAnActionIsAlsoAfterItWasLoadedAgain()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(3);
        var actions = api.Services.GetRequiredService<BulkActions>();
        var (end, started) = (new TaskCompletionSource<string>(), new TaskCompletionSource<IProgress<BulkProgress>>());
        // The wait is measured by the world's clock, which stands still.
        var run = actions.RunAsync("list", "Replay of failures since", progress =>
        {
            started.SetResult(progress);
            return end.Task;
        });
        var action = await started.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        var before = actions.Fingerprint();

        action.Report(new(3, 10, "submission", "Read again: 30."));
        Assert.Contains("3 of 10 submissions done. Read again: 30.", await PageAsync(api), StringComparison.Ordinal);
        Assert.NotEqual(before, actions.Fingerprint());
        action.Report(new(7, 10, "submission", "Read again: 70."));
        Assert.Contains("7 of 10 submissions done. Read again: 70.", await PageAsync(api), StringComparison.Ordinal);
        end.SetResult("Read again: 100.");
        await run.WaitAsync(TimeSpan.FromMinutes(1), Token);
        Assert.Contains("Read again: 100.", await PageAsync(api), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AReplayReportsEachSubmission()
    {
        await using var world = await SubmitWorld.StartAsync();
        await world.PlanAsync(25);
        await world.WorkAsync();
        foreach (var submission in await world.SubmissionsAsync())
            await world.FinishAsync(submission.SubmissionId, records: 0);
        await world.SweepAsync();
        var heard = new Heard();

        var counts = await world.Service<ReplayStage>().ReplayAsync(
            SubmitWorld.ListId, _ => true, resubmit: true, Token, heard);

        Assert.Equal([(1, 3), (2, 3), (3, 3)], heard.All.Select(progress => (progress.Done, progress.Of)));
        Assert.Equal((25, counts), (counts.Resubmitted, heard.All[^1].Counts));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AnActionThatFailsSaysSoAndTheNextOneStarts()
    {
        await using var api = await ApiWorld.StartAsync("");
        var actions = api.Services.GetRequiredService<BulkActions>();
        await actions.RunAsync("l", "First", _ => throw PipelineException.Permanent("invalid_input", "It is closed."));
        Assert.Equal("It is closed.", (await actions.FindAsync("l", Token))!.Text);
        await actions.RunAsync("l", "Second", _ => Task.FromResult("Done."));
        Assert.Equal("Done.", (await actions.FindAsync("l", Token))!.Text);
    }

    [Fact]
    public async Task AnotherProcessShowsHowFarAnActionIsAndThatItsProcessEnded()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(3);
        var ledger = api.Services.GetRequiredService<IActionLedger>();
        var now = api.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var action = new ActionEntry
        {
            Subject = "list", Title = "Replay of failures since", StartedAt = now.AddMinutes(-5), UpdatedAt = now,
            Done = 120, Of = 400, Unit = "submission", Note = "Read again: 30.",
        };
        await ledger.BeginActionAsync(action, Token);

        Assert.Contains("120 of 400 submissions done. Read again: 30.", await PageAsync(api));
        // Only one such action runs at a time, in any process.
        var actions = api.Services.GetRequiredService<BulkActions>();
        await actions.RunAsync("list", "Another", _ => throw new InvalidOperationException("It was started."));
        Assert.Equal("Replay of failures since", (await actions.FindAsync("list", Token))!.Title);

        await ledger.UpdateActionAsync(action with { UpdatedAt = now.AddMinutes(-1) }, Token);
        Assert.Contains(
            "Its process ended at 120 of 400 submissions. Read again: 30. Do it again for the rest: what was done is "
                + "not done again.",
            await PageAsync(api));
        await actions.RunAsync("list", "Again", _ => Task.FromResult("Read again: 370."));
        Assert.Contains("Read again: 370.", await PageAsync(api));
        Assert.Equal("Read again: 370.", (await ledger.FindActionAsync("list", Token))!.Result);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AnActionGoesOnWhileTheLedgerCannotKeepItsProgress()
    {
        var ledger = new Mock<IActionLedger>();
        ledger.Setup(l => l.BeginActionAsync(It.IsAny<ActionEntry>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient("unavailable", "The table does not answer."));
        var actions = new BulkActions(ledger.Object, TimeProvider.System, NullLogger<BulkActions>.Instance);

        await actions.RunAsync("l", "First", _ => Task.FromResult("Done."));

        Assert.Equal("Done.", (await actions.FindAsync("l", Token))!.Text);
    }

    private static async Task<string> PageAsync(ApiWorld api) =>
        await api.Client.GetStringAsync("/lists/list", Token);

    private sealed class Heard : IProgress<ReplayProgress>
    {
        public List<ReplayProgress> All { get; } = [];

        public void Report(ReplayProgress value) => All.Add(value);
    }
}
