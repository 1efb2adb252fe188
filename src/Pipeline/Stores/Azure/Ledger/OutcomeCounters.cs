using Azure.Data.Tables;
using Pipeline.Concurrency;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// Counts the inputs of a submission by state, so that counting reads a few small rows and no input. One row has the
/// counts at creation; each process has a row with its own changes since. So processes never wait for each other, and
/// the sum is exact after every transaction.
/// </summary>
internal sealed class OutcomeCounters(LedgerTable rows)
{
    // About 200 bytes each. A forgotten counter is read again.
    private const int Kept = 10_000;

    private static readonly InputState[] States = Enum.GetValues<InputState>();

    private readonly AsyncCache<int[]> _own = new(Kept);
    private readonly string _key = LedgerKeys.Counter(LedgerTable.NewMark());

    /// <summary>Writes the counts of a new submission's inputs. Repeating it is harmless.</summary>
    public Task CreateAsync(
        string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) =>
        rows.PutAsync(Count(submissionId, inputs), cancellationToken);

    /// <summary>Returns the row with the counts of inputs by state.</summary>
    public static TableEntity Count(string submissionId, IEnumerable<InputEntry> inputs)
    {
        var counts = new int[States.Length];
        foreach (var input in inputs)
            counts[(int)input.State]++;
        return ToRow(submissionId, LedgerKeys.CreatedCounter, counts);
    }

    /// <summary>Returns the counts by state; null for a submission that an older version created.</summary>
    public async Task<int[]?> SumAsync(string submissionId, CancellationToken cancellationToken)
    {
        var sum = new int[States.Length];
        var isCounted = false;
        await foreach (var row in rows.GetAllAsync(submissionId, LedgerKeys.CounterPrefix, cancellationToken))
        {
            isCounted |= row.RowKey == LedgerKeys.CreatedCounter;
            foreach (var state in States)
                sum[(int)state] += row.GetInt32(state.ToString()) ?? 0;
        }

        return isCounted ? sum : null;
    }

    /// <summary>
    /// Prepares this process's row for a transaction that changes states. Calls for one submission must not overlap.
    /// </summary>
    public async Task<CounterChange> ChangeAsync(
        string submissionId, IEnumerable<(InputState From, InputState To)> changes)
    {
        var before = await _own.GetAsync(submissionId, () => ReadOwnAsync(submissionId), CancellationToken.None);
        int[] after = [.. before];
        foreach (var (from, to) in changes)
        {
            after[(int)from]--;
            after[(int)to]++;
        }

        return new(
            LedgerTable.Prepare(ToRow(submissionId, _key, after)), () => _own.Set(submissionId, after));
    }

    /// <summary>Forgets this process's counts of a submission, so that they are read from the table again.</summary>
    public void Forget(string submissionId) => _own.Remove(submissionId);

    private async Task<int[]> ReadOwnAsync(string submissionId)
    {
        var row = await rows.GetAsync(submissionId, _key, CancellationToken.None);
        return [.. States.Select(state => row?.GetInt32(state.ToString()) ?? 0)];
    }

    private static TableEntity ToRow(string submissionId, string key, int[] counts)
    {
        var row = new TableEntity(submissionId, key);
        foreach (var state in States)
            row[state.ToString()] = counts[(int)state];
        return row;
    }
}

/// <summary>A counter row for a transaction.</summary>
/// <param name="Row">The row, to be upserted.</param>
/// <param name="Commit">Call it once the transaction has succeeded.</param>
internal sealed record CounterChange(TableEntity Row, Action Commit);
