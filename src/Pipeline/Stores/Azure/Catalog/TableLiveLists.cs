using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// Reads the progress of open lists, with a bounded number of requests for each call, however many lists and
/// submissions there are. Lists take turns: what one call leaves out, the next ones read, and a list whose first
/// submissions are closed is read from the first open one. In between, a list is shown as it was read last.
/// </summary>
internal sealed class TableLiveLists(AzureAccount account, ILedger ledger, TimeProvider time)
{
    /// <summary>
    /// Maximum number of submissions that a call reads. Each costs at most two requests, and each list whose turn it is
    /// costs one more.
    /// </summary>
    public const int MaxRead = 200;

    // Minimum number for a list whose turn it is, because a small part of each list is of no use.
    private const int Share = 20;

    private const int ParallelLists = 8;
    private const int ParallelSubmissions = 32;
    private const int KeptLists = 1000;

    // About 1 kB each. For a list with more live submissions, they are not kept.
    private const int KeptLive = 50;

    // Late evidence reopens a closed submission, so a list is counted from its first submission again after this time.
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private readonly LedgerTable _rows = new(account.Table(AzureNames.LedgerTable));
    private readonly AsyncCache<Reading> _readings = new(KeptLists);

    private static LiveList NotRead { get; } = new(LedgerCounts.None, 0, []) { IsWhole = false };

    /// <summary>Returns what is known about lists, in the order of their ids.</summary>
    public async Task<IReadOnlyList<LiveList>> ReadAsync(
        IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var turns = listIds.OrderBy(id => Find(id)?.ReadAt ?? DateTimeOffset.MinValue).ToList();
        var fresh = new Dictionary<string, LiveList>(StringComparer.Ordinal);
        var left = MaxRead;
        for (var i = 0; i < turns.Count && left > 0;)
        {
            var share = Math.Min(left, Math.Max(Share, left / (turns.Count - i)));
            var some = turns.Skip(i).Take(Math.Clamp(left / share, 1, ParallelLists)).ToList();
            i += some.Count;
            foreach (var (id, list) in some.Zip(
                await Task.WhenAll(some.Select(id => ReadAsync(id, share, cancellationToken)))))
            {
                fresh[id] = list.List;
                left -= list.Taken;
            }
        }

        return [.. listIds.Select(id => fresh.GetValueOrDefault(id) ?? Find(id)?.List ?? NotRead)];
    }

    private Reading? Find(string listId) => _readings.TryGet(listId, out var reading) ? reading : null;

    private async Task<(LiveList List, int Taken)> ReadAsync(
        string listId, int max, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var start = Find(listId)?.Next is { } next && now - next.At < Kept
            ? next
            : new(0, new SubmissionSums(now), 0, now);
        var ids = await _rows.GetRangeAsync(
                LedgerKeys.ListPartition(listId), LedgerKeys.Member(start.Sequence), LedgerKeys.AfterMembers, max + 1,
                cancellationToken, [nameof(SubmissionEntry.SubmissionId)])
            .Select(row => row.GetString(nameof(SubmissionEntry.SubmissionId)))
            .Take(max + 1)
            .ToListAsync(cancellationToken);
        var read = new List<Counted?>();
        foreach (var some in ids.Take(max).Chunk(ParallelSubmissions))
            read.AddRange(await Task.WhenAll(some.Select(id => CountAsync(id, cancellationToken))));
        var (list, after) = Sum(start, read.OfType<Counted>(), now);
        list = list with { IsWhole = ids.Count <= max };
        _readings.Set(listId, new(list.Live.Count > KeptLive ? null : list, after, now));
        // A list without submissions costs something too.
        return (list, Math.Max(1, read.Count));
    }

    /// <summary>Null for a submission that is being created.</summary>
    private async Task<Counted?> CountAsync(string submissionId, CancellationToken cancellationToken) =>
        await ledger.GetSubmissionAsync(submissionId, cancellationToken) is { } submission
            ? new(submission, await ledger.CountOutcomesAsync(submission, cancellationToken))
            : null;

    private static (LiveList List, Start Next) Sum(Start start, IEnumerable<Counted> read, DateTimeOffset now)
    {
        var (next, closed) = (start with { Closed = start.Closed.CopyAt(now) }, start.Submissions);
        var sums = start.Closed.CopyAt(now);
        var live = new List<(SubmissionEntry Submission, OutcomeCounts Outcomes)>();
        foreach (var (submission, outcomes) in read)
        {
            sums.Add(submission, outcomes);
            if (submission.State != SubmissionState.Closed)
            {
                live.Add((submission, outcomes));
                continue;
            }

            closed++;
            if (live.Count > 0 || submission.Sequence != next.Sequence)
                continue;
            next.Closed.Add(submission, outcomes);
            next = next with { Sequence = next.Sequence + 1, Submissions = closed };
        }

        return (new(sums.Counts, closed, live), next);
    }

    private sealed record Counted(SubmissionEntry Submission, OutcomeCounts Outcomes);

    /// <summary>Where a read of a list begins.</summary>
    /// <param name="Sequence">The first sequence that is read; all before it are closed.</param>
    /// <param name="Closed">The sums over those before.</param>
    /// <param name="Submissions">Number of those submissions.</param>
    /// <param name="At">When the first of those submissions was read, UTC.</param>
    private sealed record Start(int Sequence, SubmissionSums Closed, int Submissions, DateTimeOffset At);

    /// <summary>The result of reading a list.</summary>
    /// <param name="List">What is known about it; null if that is too much to keep.</param>
    /// <param name="Next">Start of the next read.</param>
    /// <param name="ReadAt">Time of the read, UTC.</param>
    private sealed record Reading(LiveList? List, Start Next, DateTimeOffset ReadAt);
}
