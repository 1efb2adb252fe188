using System.Collections.Concurrent;
using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Emit;

/// <summary>
/// Counts, in this process, how many inputs of a submission have no outcome yet, so that Sweep hears of the last one at once. A hint only: in
/// another process, or when it is wrong, Sweep's own look at the ledger closes the submission a little later.
/// </summary>
internal sealed class OpenInputs(ILedger ledger)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<Counter>>> _counters = new(StringComparer.Ordinal);

    /// <summary>Counts a submission before the first of its inputs is finished here.</summary>
    public async Task EnsureCountedAsync(string submissionId, CancellationToken cancellationToken)
    {
        var counter = _counters.GetOrAdd(submissionId, id => new(() => CountAsync(id)));
        try
        {
            await counter.Value.WaitAsync(cancellationToken);
        }
        catch (PipelineException)
        {
            _counters.TryRemove(new(submissionId, counter));
            throw;
        }
    }

    /// <summary>Takes inputs off the count.</summary>
    public void Finish(string submissionId, int inputs)
    {
        if (inputs > 0 && Find(submissionId) is { } counter)
            Interlocked.Add(ref counter.Waiting, -inputs);
    }

    /// <summary>Whether the last input has its outcome.</summary>
    public bool IsDone(string submissionId) => Find(submissionId) is { } counter && Volatile.Read(ref counter.Waiting) <= 0;

    /// <summary>Forgets a submission that is closed.</summary>
    public void Forget(string submissionId) => _counters.TryRemove(submissionId, out _);

    private Counter? Find(string submissionId) =>
        _counters.TryGetValue(submissionId, out var counter) && counter.Value.IsCompletedSuccessfully ? counter.Value.Result : null;

    private async Task<Counter> CountAsync(string submissionId)
    {
        var inputs = await ledger.GetInputsAsync(submissionId, CancellationToken.None);
        return new() { Waiting = inputs.Count(i => i.State == InputState.Waiting) };
    }

    private sealed class Counter
    {
        public int Waiting;
    }
}
