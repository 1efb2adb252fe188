using System.Collections.Concurrent;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Sweep.Lists;

/// <summary>Finds the open lists whose submissions are all closed.</summary>
internal sealed class CompleteLists(
    ILedger ledger, ClosedSubmissions submissions, CancelledLists cancelled, IsolatedSteps steps, TimeProvider time)
{
    private const int Parallelism = 16;

    // With thousands of open lists, checking all of them takes at most a tenth of the time.
    private const int Pause = 10;

    private static readonly TimeSpan QuickScan = TimeSpan.FromMilliseconds(100);

    private LastScan? _last;

    /// <summary>Checks the lists whose submissions this process has closed since the last call.</summary>
    public async Task<IReadOnlyList<ListEntry>> FindTouchedAsync(CancellationToken cancellationToken)
    {
        var complete = new List<ListEntry>();
        foreach (var listId in submissions.TakeTouched())
            if (await ledger.GetListAsync(listId, cancellationToken) is { State: ListState.Open } list
                && await IsCompleteAsync(list, cancellationToken))
                complete.Add(list);
        return complete;
    }

    /// <summary>Checks all open lists; after a slow check, only some time later.</summary>
    public async Task<FoundLists> FindAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && last.Took > QuickScan && time.GetElapsedTime(last.EndedAt) < Pause * last.Took)
            return new([], last.Open);
        var started = time.GetTimestamp();
        var found = await ScanAsync(cancellationToken);
        _last = new(found.Open, time.GetElapsedTime(started), time.GetTimestamp());
        return found;
    }

    private async Task<FoundLists> ScanAsync(CancellationToken cancellationToken)
    {
        var complete = new ConcurrentBag<ListEntry>();
        var left = new ConcurrentBag<DateTimeOffset>();
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Parallelism,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(ledger.GetOpenListsAsync(cancellationToken), parallel, async (list, token) =>
        {
            if (await IsCompleteAsync(list, token))
                complete.Add(list);
            else
                left.Add(list.CreatedAt);
        });
        return new([.. complete], new(left.Count, left.IsEmpty ? null : left.Min()));
    }

    private async Task<bool> IsCompleteAsync(ListEntry list, CancellationToken cancellationToken)
    {
        var isComplete = false;
        await steps.RunAsync(
            list,
            async (current, stop) =>
            {
                await cancelled.WakeAsync(current, stop);
                isComplete = current.State == ListState.Open && await submissions.AreAllAsync(current, stop);
            },
            cancellationToken);
        return isComplete;
    }

    private sealed record LastScan(OpenLists Open, TimeSpan Took, long EndedAt);
}

/// <summary>The result of checking the open lists.</summary>
/// <param name="Complete">The lists whose submissions were all closed.</param>
/// <param name="Open">The others.</param>
internal sealed record FoundLists(IReadOnlyList<ListEntry> Complete, OpenLists Open);

/// <summary>The lists that are not closed.</summary>
/// <param name="Count">Their number.</param>
/// <param name="OldestSince">When the oldest was created; null if none is open.</param>
internal sealed record OpenLists(int Count, DateTimeOffset? OldestSince);
