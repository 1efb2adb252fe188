using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>Returns an input with its change; null if it needs none.</summary>
internal delegate InputEntry? InputChange(InputEntry input);

/// <summary>Writes changes of inputs to the ledger, and notices when no input of a submission waits any more.</summary>
internal sealed class InputUpdates(ILedger ledger, FinishedSubmissions finished, TimeProvider time)
{
    /// <summary>
    /// Applies a change to inputs and returns the updated inputs. Inputs that another worker changed in the meantime
    /// are read again and changed again.
    /// </summary>
    public async Task<IReadOnlyList<InputEntry>> ApplyAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, InputChange change,
        CancellationToken cancellationToken, IReadOnlyList<TaskEntry>? tasks = null)
    {
        var settled = new List<InputEntry>(inputs.Count);
        var hasFinished = false;
        for (var pending = inputs; pending.Count > 0;)
        {
            var changes = pending.Select(before => (Before: before, After: change(before))).ToList();
            settled.AddRange(changes.Where(c => c.After is null).Select(c => c.Before));
            changes.RemoveAll(c => c.After is null);
            if (changes.Count == 0)
                break;
            var written = await ledger.UpdateInputsAsync(
                [.. changes.Select(c => c.After!)], tasks ?? [], cancellationToken);
            settled.AddRange(written.OfType<InputEntry>());
            OutcomeMetrics.Count(submission, written.OfType<InputEntry>());
            hasFinished |= changes.Where((c, i) =>
                written[i] is { State: not InputState.Waiting } && c.Before.State == InputState.Waiting).Any();
            pending = await ReadAgainAsync(
                changes.Where((_, i) => written[i] is null).Select(c => c.Before), cancellationToken);
        }

        if (hasFinished)
            await EndWaitAsync(submission.SubmissionId, cancellationToken);
        return settled;
    }

    private async Task<IReadOnlyList<InputEntry>> ReadAgainAsync(
        IEnumerable<InputEntry> lost, CancellationToken cancellationToken)
    {
        var fresh = new List<InputEntry>();
        foreach (var input in lost)
            if (await ledger.GetInputAsync(input.SubmissionId, input.Ordinal, cancellationToken) is { } entry)
                fresh.Add(entry);
        return fresh;
    }

    /// <summary>
    /// Makes a submission due now if none of its inputs waits any more, so that Sweep closes it at once. The ledger
    /// counts in the transactions that write outcomes, so the process that writes the last one sees that here, however
    /// many processes share the work.
    /// </summary>
    private async Task EndWaitAsync(string submissionId, CancellationToken cancellationToken)
    {
        if ((await ledger.CountOutcomesAsync(submissionId, cancellationToken)).Waiting > 0)
            return;
        while (await ledger.GetSubmissionAsync(submissionId, cancellationToken) is { DueAt: { } due } submission
            && due > time.GetUtcNow())
            if (await ledger.UpdateSubmissionAsync(submission.LookNow(time.GetUtcNow()), cancellationToken) is not null)
                break;
        finished.Add(submissionId);
    }
}
