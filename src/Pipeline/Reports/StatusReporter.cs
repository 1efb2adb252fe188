using Pipeline.Ledger;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Reports;

/// <summary>Reads the ledger for people.</summary>
internal sealed class StatusReporter(ILedger ledger, SubmissionGate gate)
{
    /// <summary>How many open lists are named.</summary>
    public const int MaxLists = 1000;

    public async Task<OpenListsReport> GetOpenListsAsync(CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await foreach (var list in ledger.GetOpenListsAsync(cancellationToken))
        {
            if (ids.Count == MaxLists)
                return Report(ids, hasMore: true);
            ids.Add(list.ListId);
        }
        return Report(ids, hasMore: false);
    }

    /// <returns>Null when there is no such list.</returns>
    public async Task<ListReport?> GetListAsync(string listId, CancellationToken cancellationToken)
    {
        if (await ledger.GetListAsync(listId, cancellationToken) is not { } list)
            return null;
        var states = Enum.GetValues<SubmissionState>().ToDictionary(state => state.ToString(), _ => 0);
        long records = 0, failures = 0;
        DateTimeOffset? next = null;
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            states[submission.State.ToString()]++;
            records += submission.Records;
            failures += submission.Failures;
            if (submission.DueAt < (next ?? DateTimeOffset.MaxValue))
                next = submission.DueAt;
        }
        return new()
        {
            ListId = list.ListId,
            State = list.State,
            Source = list.Source,
            Inputs = list.Inputs,
            Duplicates = list.Duplicates,
            Records = records,
            Failures = failures,
            Submissions = states,
            NextLookAt = next,
            CreatedAt = list.CreatedAt,
            ClosedAt = list.ClosedAt,
        };
    }

    private OpenListsReport Report(List<string> ids, bool hasMore) => new(ids, hasMore, gate.Current?.Until, gate.Current?.Reason);
}
