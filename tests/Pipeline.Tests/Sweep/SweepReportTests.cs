using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Sweep;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep;

/// <summary>The lines that Sweep logs about itself, on which alerts depend.</summary>
[Trait("Promise", "10")]
public sealed class SweepReportTests
{
    private readonly CollectedLogs<SweepStage> _logs = new();

    private IEnumerable<string> Reports =>
        _logs.Lines.Where(l => l.Contains("Sweep checked", StringComparison.Ordinal));

    [Fact]
    public async Task SweepLogsTheAgeAndDelayOfTheOldestWorkEveryMinute()
    {
        await using var state = new LocalState();
        await using var services = await StartAsync(state);
        var ledger = services.GetRequiredService<ILedger>();
        var now = state.Time.GetUtcNow();
        await ledger.CreateListAsync(
            new() { ListId = "older", CreatedAt = now.AddMinutes(-90), State = ListState.Planning },
            TestContext.Current.CancellationToken);
        await ledger.CreateListAsync(
            new() { ListId = "newer", CreatedAt = now.AddMinutes(-5), State = ListState.Planning },
            TestContext.Current.CancellationToken);
        foreach (var (sequence, late) in new[] { (0, 12), (1, 30) })
            await ledger.CreateSubmissionAsync(
                new()
                {
                    SubmissionId = $"newer-{sequence:D6}",
                    ListId = "newer",
                    Sequence = sequence,
                    State = SubmissionState.Planned,
                    Count = 0,
                    DueAt = now.AddMinutes(-late),
                },
                [], TestContext.Current.CancellationToken);

        await SweepAsync(services);
        Assert.Equal(
            [
                "Information: Sweep checked what was due. Submissions: 2, minutes overdue: 30. Open lists: 2, "
                    + "age of the oldest in minutes: 90."],
            Reports);

        state.Time.Advance(TimeSpan.FromSeconds(59));
        await SweepAsync(services);
        Assert.Single(Reports);

        state.Time.Advance(TimeSpan.FromSeconds(1));
        await SweepAsync(services);
        Assert.Equal(
            "Information: Sweep checked what was due. Submissions: 0, minutes overdue: 0. Open lists: 2, "
                + "age of the oldest in minutes: 91.",
            Reports.Last());
    }

    /// <summary>An export once a minute would miss a pass that is followed by another at once.</summary>
    [Fact]
    public async Task HowLongALookWasOverdueIsMeasuredUntilItWasExported()
    {
        await using var state = new LocalState();
        await using var services = await StartAsync(state);
        var ledger = services.GetRequiredService<ILedger>();
        var now = state.Time.GetUtcNow();
        await ledger.CreateListAsync(
            new() { ListId = "late", CreatedAt = now.AddMinutes(-90), State = ListState.Planning },
            TestContext.Current.CancellationToken);
        await ledger.CreateSubmissionAsync(
            Some.Submission("late") with { State = SubmissionState.Planned, DueAt = now.AddMinutes(-30) }, [],
            TestContext.Current.CancellationToken);
        using var metrics = new MetricsOf(PipelineMetrics.MeterName);

        foreach (var (passed, overdue) in new[] { (0, 1800), (1, 1800), (118, 1800), (1, 0) })
        {
            state.Time.Advance(TimeSpan.FromSeconds(passed));
            await SweepAsync(services);
            Assert.Equal(overdue, metrics.Last("pipeline.sweep.overdue"));
        }
        Assert.Equal(1, metrics.Recorded.Where(one => one.Name == "pipeline.sweep.looks").Sum(one => one.Value));
    }

    [Fact]
    public async Task SweepReportsEvenWithNothingToDo()
    {
        await using var state = new LocalState();
        await using var services = await StartAsync(state);
        await SweepAsync(services);
        Assert.Equal(
            [
                "Information: Sweep checked what was due. Submissions: 0, minutes overdue: 0. Open lists: 0, "
                    + "age of the oldest in minutes: 0."],
            Reports);
    }

    private async Task<ServiceProvider> StartAsync(LocalState state) => new ServiceCollection()
        .AddLogging()
        .AddSingleton<TimeProvider>(state.Time)
        .AddSingleton<ILogger<SweepStage>>(_logs)
        .AddPipeline(options => options.Nimble.ApiKey = "test")
        .AddLocalStores(await state.OpenAsync(), await state.OpenSinkAsync())
        .BuildServiceProvider();

    private static Task SweepAsync(ServiceProvider services) =>
        services.GetRequiredService<SweepStage>().HandleAsync(TestContext.Current.CancellationToken);
}
