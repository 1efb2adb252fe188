using Pipeline.Concurrency;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>
/// Counts the inputs of a submission without an outcome, so that Sweep can close the submission as soon as the last one
/// has its outcome. The count covers this process only and may be wrong. If so, Sweep's next look at the ledger closes
/// the submission a little later.
/// </summary>
internal sealed class OpenInputs(ILedger ledger)
{
    // Far more submissions than receive results at the same time. A forgotten one is counted again.
    private const int Kept = 10_000;

    private readonly AsyncCache<Counter> _counters = new(Kept);

    /// <summary>Counts a submission's inputs, if this process has not counted them yet.</summary>
    public Task EnsureCountedAsync(string submissionId, CancellationToken cancellationToken) =>
        _counters.GetAsync(submissionId, () => CountAsync(submissionId), cancellationToken);

    /// <summary>Subtracts finished inputs from the count.</summary>
    public void Finish(string submissionId, int inputs)
    {
        if (inputs > 0 && _counters.TryGet(submissionId, out var counter))
            Interlocked.Add(ref counter.Waiting, -inputs);
    }

    /// <summary>Whether every input has an outcome.</summary>
    public bool IsDone(string submissionId) =>
        _counters.TryGet(submissionId, out var counter) && Volatile.Read(ref counter.Waiting) <= 0;

    /// <summary>Removes the count of a submission, for example because it is closed.</summary>
    public void Forget(string submissionId) => _counters.Remove(submissionId);

    private async Task<Counter> CountAsync(string submissionId) =>
        new() { Waiting = (await ledger.CountOutcomesAsync(submissionId, CancellationToken.None)).Waiting };

    private sealed class Counter
    {
        public int Waiting;
    }
}
