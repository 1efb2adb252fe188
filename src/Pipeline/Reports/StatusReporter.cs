using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Submit.Evidence;

namespace Pipeline.Reports;

/// <summary>Reports the state of lists to people.</summary>
internal sealed class StatusReporter(
    ILedger ledger, BudgetGuard budget, SubmissionGate gate, ActivityReader activity, TimeProvider time)
{
    /// <summary>Maximum number of lists in a report.</summary>
    public const int MaxLists = 1000;

    private readonly PacedReads<ListReport?> _lists = new(time);

    /// <summary>Returns the pause of submission; null for none.</summary>
    public Task<SubmissionGate.Pause?> GetPauseAsync(CancellationToken cancellationToken) =>
        gate.FindAsync(cancellationToken);

    public async Task<OpenListsReport> GetOpenListsAsync(CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await foreach (var list in ledger.GetOpenListsAsync(cancellationToken))
        {
            if (ids.Count == MaxLists)
                return await ReportAsync(ids, hasMore: true, cancellationToken);
            ids.Add(list.ListId);
        }
        return await ReportAsync(ids, hasMore: false, cancellationToken);
    }

    /// <returns>Null if the list does not exist.</returns>
    public Task<ListReport?> GetListAsync(string listId, CancellationToken cancellationToken) =>
        _lists.GetAsync(listId, () => ReadListAsync(listId), cancellationToken);

    private async Task<ListReport?> ReadListAsync(string listId)
    {
        if (await ledger.GetListAsync(listId, CancellationToken.None) is not { } list)
            return null;
        var states = Enum.GetValues<SubmissionState>().ToDictionary(state => state.ToString(), _ => 0);
        var waiting = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var waits = new WaitReports(time.GetUtcNow());
        waits.Add(list);
        var sums = new SubmissionSums(time.GetUtcNow());
        DateTimeOffset? next = null;
        await foreach (var (submission, outcomes) in ledger.GetLiveSubmissionsAsync(listId, CancellationToken.None))
        {
            states[submission.State.ToString()]++;
            if (submission is { State: SubmissionState.Planned, Hold: not HoldReason.None and var hold })
                waiting[hold.ToString()] = waiting.GetValueOrDefault(hold.ToString()) + 1;
            waits.Add(submission, outcomes.Waiting);
            sums.Add(submission, outcomes);
            if (submission.DueAt < (next ?? DateTimeOffset.MaxValue))
                next = submission.DueAt;
        }

        var counts = sums.Counts;
        return new()
        {
            ListId = list.ListId,
            State = list.State,
            Word = ListProgress.WordOf(list),
            Source = list.Source,
            Inputs = list.State == ListState.Planning ? counts.Inputs : list.Inputs,
            Duplicates = list.Duplicates,
            Series = list.Series,
            LeftOut = list.Series is null ? null : list.LeftOut,
            Known = SeriesText.Describe(list),
            Posted = list.RevisionOf is null ? counts.Posted : 0,
            Records = counts.Records,
            Failures = counts.Failures,
            Submissions = states,
            Waiting = waiting,
            Waits = waits.All,
            BudgetUsed = budget.ListLimit is null ? null : await budget.GetUsedAsync(listId, CancellationToken.None),
            BudgetUrls = budget.ListLimit,
            NextLookAt = next,
            CreatedAt = list.CreatedAt,
            Message = list.Message,
            ClosedAt = list.ClosedAt,
        };
    }

    private async Task<OpenListsReport> ReportAsync(
        List<string> ids, bool hasMore, CancellationToken cancellationToken)
    {
        var pause = await gate.FindAsync(cancellationToken);
        return new(
            ids, hasMore, pause?.Until, pause?.Reason,
            budget.DayLimit is null
                ? null
                : await budget.GetUsedAsync(time.GetUtcNow(), cancellationToken), budget.DayLimit,
            await activity.GetRefusedAsync(MaxLists, cancellationToken));
    }
}
