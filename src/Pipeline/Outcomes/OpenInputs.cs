using Pipeline.Concurrency;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>
/// Counts, in this process, how many inputs of a submission have no outcome yet, so that Sweep hears of the last one at
/// once. A hint only: in another process, or when it is wrong, Sweep's own look at the ledger closes the submission a
/// little later.
/// </summary>
internal sealed class OpenInputs(ILedger ledger)
{
    // Many more than have results coming in at a time; one that is forgotten is counted again.
    private const int Kept = 10_000;

    private readonly AsyncCache<Counter> _counters = new(Kept);

    /// <summary>Counts a submission before the first of its inputs is finished here.</summary>
    public Task EnsureCountedAsync(string submissionId, CancellationToken cancellationToken) =>
        _counters.GetAsync(submissionId, () => CountAsync(submissionId), cancellationToken);

    /// <summary>Takes inputs off the count.</summary>
    public void Finish(string submissionId, int inputs)
    {
        if (inputs > 0 && _counters.TryGet(submissionId, out var counter))
            Interlocked.Add(ref counter.Waiting, -inputs);
    }

    /// <summary>Whether the last input has its outcome.</summary>
    public bool IsDone(string submissionId) =>
        _counters.TryGet(submissionId, out var counter) && Volatile.Read(ref counter.Waiting) <= 0;

    /// <summary>Forgets a submission that is closed.</summary>
    public void Forget(string submissionId) => _counters.Remove(submissionId);

    private async Task<Counter> CountAsync(string submissionId) =>
        new() { Waiting = (await ledger.CountOutcomesAsync(submissionId, CancellationToken.None)).Waiting };

    private sealed class Counter
    {
        public int Waiting;
    }
}
