using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Sweep.Lists;

namespace Pipeline.Sweep;

/// <summary>
/// Checks every submission that is due: finds results that no webhook reported, finishes steps that a crash
/// interrupted, and closes submissions. Then closes complete lists. It may run at any time and more than once at a
/// time: each step is a conditional change, and a submission is not due after its step.
/// </summary>
internal sealed partial class SweepStage(
    ILedger ledger,
    SubmissionSteps steps,
    IsolatedSteps isolated,
    RunningLooks looks,
    ListCloser closer,
    TimeProvider time,
    ILogger<SweepStage> logger)
{
    private const int Page = 100;

    /// <summary>Time between two closings of complete lists while checks are in progress.</summary>
    internal static readonly TimeSpan CloseEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);

    private readonly RecentMaximum _overdue = new();
    private DateTimeOffset _reportedAt = DateTimeOffset.MinValue;

    /// <summary>Takes one step with every submission that is due, then closes the lists that are complete.</summary>
    public async Task HandleAsync(CancellationToken cancellationToken)
    {
        var started = time.GetUtcNow();
        try
        {
            await PassAsync(started, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            PipelineMetrics.MeasureFailedSweep(time.GetUtcNow() - started, error.GetType().Name);
            throw;
        }
    }

    private async Task PassAsync(DateTimeOffset started, CancellationToken cancellationToken)
    {
        var looked = 0;
        var overdue = TimeSpan.Zero;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (await NextPageAsync(started, seen, cancellationToken) is { Count: > 0 } due)
        {
            looked += due.Count;
            overdue = overdue > Overdue(due[0], started) ? overdue : Overdue(due[0], started);
            await LookAsync(due, cancellationToken);
            if (due.Count < Page)
                break;
        }

        var open = await closer.CloseListsAsync(cancellationToken);
        var now = time.GetUtcNow();
        PipelineMetrics.MeasureSweep(now - started, looked, _overdue.Add(now, overdue));
        StateMetrics.MeasureOpenLists(open.Count, now - (open.OldestSince ?? now));
        Report(looked, overdue, open);
    }

    /// <summary>
    /// How late a check is; zero for a submission that was never posted or is to be closed at once, because its due
    /// time has no such meaning.
    /// </summary>
    private static TimeSpan Overdue(SubmissionEntry submission, DateTimeOffset now) =>
        submission.DueAt is { } due && due > DateTimeOffset.UnixEpoch ? now - due : TimeSpan.Zero;

    /// <summary>The sign of life that alerts watch for. If passes are frequent, it is logged once a minute.</summary>
    private void Report(int looked, TimeSpan overdue, OpenLists open)
    {
        var now = time.GetUtcNow();
        if (now - _reportedAt < ReportEvery)
            return;
        _reportedAt = now;
        LogSwept(
            looked, overdue.TotalMinutes, open.Count, open.OldestSince is { } since ? (now - since).TotalMinutes : 0);
    }

    /// <summary>
    /// The next submissions that are due and were not checked in this pass, because one that stays due must not come
    /// first again.
    /// </summary>
    private async Task<IReadOnlyList<SubmissionEntry>> NextPageAsync(
        DateTimeOffset now, HashSet<string> seen, CancellationToken cancellationToken)
    {
        for (var (asked, found) = (Page, -1); ; asked += Page)
        {
            var due = await ledger.GetDueSubmissionsAsync(now, asked, cancellationToken);
            var fresh = due.Where(submission => seen.Add(submission.SubmissionId)).ToList();
            if (fresh.Count > 0 || due.Count < asked || due.Count == found)
                return fresh;
            found = due.Count;
        }
    }

    /// <summary>Lets lists take turns, so that a list with many submissions does not delay a small one.</summary>
    private static IEnumerable<SubmissionEntry> InTurns(IReadOnlyList<SubmissionEntry> due) => due
        .GroupBy(submission => submission.ListId, StringComparer.Ordinal)
        .SelectMany(list => list.Select((submission, turn) => (submission, turn)))
        .OrderBy(one => one.turn)
        .Select(one => one.submission);

    /// <summary>Checks submissions. Closes complete lists meanwhile, because checks may take long.</summary>
    private async Task LookAsync(IReadOnlyList<SubmissionEntry> due, CancellationToken cancellationToken)
    {
        var pass = looks.RunAsync(
            InTurns(due), (submission, token) =>
                isolated.RunAsync(submission, steps.StepAsync, token), cancellationToken);
        while (await Task.WhenAny(pass, Task.Delay(CloseEvery, time, cancellationToken)) != pass)
        {
            if (cancellationToken.IsCancellationRequested)
                break;
            await closer.CloseListsAsync(cancellationToken);
        }

        await pass;
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Sweep checked what was due. Submissions: {Submissions}, minutes overdue: {OverdueMinutes:0.#}. "
            + "Open lists: {Lists}, age of the oldest in minutes: {OldestMinutes:0.#}.")]
    private partial void LogSwept(int submissions, double overdueMinutes, int lists, double oldestMinutes);
}
