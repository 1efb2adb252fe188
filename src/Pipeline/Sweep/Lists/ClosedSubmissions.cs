using System.Collections.Concurrent;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep.Lists;

/// <summary>
/// Closes submissions, and says whether all submissions of a list are closed. It remembers the first open one of each
/// list, so a check of a list reads one row, and a closed submission is not read at each check.
/// </summary>
internal sealed class ClosedSubmissions(ILedger ledger, OutcomeRecorder outcomes)
{
    // About 200 bytes each. A forgotten list is read from its first submission.
    private const int Kept = 100_000;

    private readonly AsyncCache<int> _firstOpen = new(Kept);
    private readonly ConcurrentDictionary<string, bool> _touched = new(StringComparer.Ordinal);

    /// <summary>Writes that a submission is closed. Its list may now be complete; a closed list is reopened.</summary>
    /// <returns>The closed submission; null if it was changed meanwhile.</returns>
    public async Task<SubmissionEntry?> CloseAsync(SubmissionEntry closing, CancellationToken cancellationToken)
    {
        if (await ledger.UpdateSubmissionAsync(closing, cancellationToken) is not { } closed)
            return null;
        await outcomes.HasClosedAsync(closed, cancellationToken);
        _touched[closed.ListId] = true;
        return closed;
    }

    /// <summary>
    /// Returns the lists of submissions closed since the last call. It may miss some: a scan of all open lists finds
    /// them too.
    /// </summary>
    public IReadOnlyList<string> TakeTouched() =>
        _touched.IsEmpty ? [] : [.. _touched.Keys.Where(listId => _touched.TryRemove(listId, out _))];

    /// <summary>
    /// Whether all submissions of a list were closed when they were last read. The manifest reads all of them and finds
    /// any that was reopened since; see <see cref="NoteOpen"/>.
    /// </summary>
    public async Task<bool> AreAllAsync(ListEntry list, CancellationToken cancellationToken)
    {
        var from = 0;
        if (_firstOpen.TryGet(list.ListId, out var known))
        {
            var id = SubmissionIds.Of(list.ListId, known);
            if (await ledger.GetSubmissionAsync(id, cancellationToken) is { State: not SubmissionState.Closed })
                return false;
            from = known + 1;
        }

        await foreach (var submission in ledger.GetSubmissionsAsync(list.ListId, from, cancellationToken))
        {
            if (submission.State == SubmissionState.Closed)
                continue;
            NoteOpen(submission);
            return false;
        }

        _firstOpen.Remove(list.ListId);
        return true;
    }

    /// <summary>Records that a submission is open, so that the next check of its list reads it first.</summary>
    public void NoteOpen(SubmissionEntry submission) => _firstOpen.Set(submission.ListId, submission.Sequence);
}
