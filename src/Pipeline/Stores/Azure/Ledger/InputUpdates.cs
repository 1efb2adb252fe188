using Azure;
using Azure.Data.Tables;
using Pipeline.Concurrency;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>The new content of an input, and tasks that were found to work on it.</summary>
internal sealed class InputUpdate(InputEntry input, IReadOnlyList<TaskEntry> tasks)
{
    public InputEntry Input => input;

    public IReadOnlyList<TaskEntry> Tasks => tasks;

    public InputVersion Read { get; } = InputVersion.Parse(input.Version);

    /// <summary>The input as it is stored; null after a conflict.</summary>
    public InputEntry? Written { get; set; }
}

/// <summary>
/// Writes inputs and counts them in the same transactions. Updates of one submission run one after the other in this
/// process. Concurrent ones share transactions, but succeed or fail independently.
/// </summary>
internal sealed class InputUpdates
{
    private const int MaxTogether = 100;

    // An attempt fails only because of a concurrent write, and leaves less to do for the next one.
    private const int MaxAttempts = 20;

    private readonly LedgerTable _rows;
    private readonly OutcomeCounters _counters;
    private readonly Coalescer<string, InputUpdate> _updates;

    public InputUpdates(LedgerTable rows, OutcomeCounters counters)
    {
        (_rows, _counters) = (rows, counters);
        _updates = new(MaxTogether, WriteAsync);
    }

    /// <summary>Writes the inputs of one submission whose versions are current.</summary>
    public Task WriteAsync(
        string submissionId, IReadOnlyList<InputUpdate> updates, CancellationToken cancellationToken) =>
        _updates.AddAllAsync(submissionId, updates, cancellationToken);

    private async Task WriteAsync(string submissionId, IReadOnlyList<InputUpdate> updates)
    {
        var pending = updates.ToList();
        for (var attempt = 0; pending.Count > 0; attempt++)
        {
            if (attempt == MaxAttempts)
                throw TableLedger.Busy(submissionId, MaxAttempts);
            var next = Fit(pending);
            if (!await TryWriteAsync(submissionId, next))
                next = await FindConflictsAsync(submissionId, next);
            pending.RemoveAll(next.ConvertAll(one => one.Update).Contains);
            attempt = next.Count > 0 ? 0 : attempt;
        }
    }

    /// <summary>The first updates that fit in one transaction, which may have each row only once.</summary>
    private static List<(InputUpdate Update, TableEntity Row)> Fit(List<InputUpdate> pending)
    {
        var fitting = new List<(InputUpdate Update, TableEntity Row)>();
        // One row is the counter's.
        var (rows, bytes) = (1, LedgerTable.SizeOf(row: null));
        foreach (var update in pending.DistinctBy(one => one.Input.Ordinal))
        {
            var row = LedgerTable.Prepare(LedgerEntities.ToRow(update.Input));
            rows += 1 + update.Tasks.Count;
            bytes += LedgerTable.SizeOf(row) + (LedgerTable.SizeOf(row: null) * update.Tasks.Count);
            if (fitting.Count > 0 && (rows > LedgerTable.MaxRows || bytes > LedgerTable.MaxBytes))
                break;
            fitting.Add((update, row));
        }
        return fitting;
    }

    private async Task<bool> TryWriteAsync(string submissionId, List<(InputUpdate Update, TableEntity Row)> next)
    {
        var counter = await _counters.ChangeAsync(
            submissionId, next.Select(one => (one.Update.Read.State, one.Update.Input.State)));
        List<TableTransactionAction> actions =
        [
            .. next.Select(one => new TableTransactionAction(
                TableTransactionActionType.UpdateReplace, one.Row, new ETag(one.Update.Read.ETag))),
            new(TableTransactionActionType.UpsertReplace, counter.Row),
            .. next.SelectMany(one => one.Update.Tasks).DistinctBy(task => task.TaskId).Select(
                task => new TableTransactionAction(
                    TableTransactionActionType.UpsertMerge, LedgerEntities.ToRow(submissionId, task))),
        ];
        var etags = await _rows.WriteAllAsync(actions, CancellationToken.None);
        for (var i = 0; i < next.Count && i < etags.Count; i++)
            next[i].Update.Written = Stored(next[i].Update.Input, etags[i]);
        if (etags.Count > 0)
            counter.Commit();
        return etags.Count > 0;
    }

    /// <summary>
    /// Finds the updates that conflict with another writer's change. The transaction may also have succeeded, and only
    /// its answer was lost.
    /// </summary>
    private async Task<List<(InputUpdate Update, TableEntity Row)>> FindConflictsAsync(
        string submissionId, List<(InputUpdate Update, TableEntity Row)> refused)
    {
        // Whatever happened to the transaction, the next one first reads this process's counter.
        _counters.Forget(submissionId);
        var stored = await _rows.GetAllAsync(
                submissionId, LedgerKeys.InputPrefix, CancellationToken.None,
                [nameof(TableEntity.RowKey), LedgerEntities.Mark])
            .ToDictionaryAsync(row => row.RowKey, StringComparer.Ordinal);
        return refused.FindAll(one =>
        {
            var row = stored.GetValueOrDefault(one.Row.RowKey);
            if (row?.ETag.ToString() == one.Update.Read.ETag)
                return false;
            if (row?.GetString(LedgerEntities.Mark) == one.Row.GetString(LedgerEntities.Mark))
                one.Update.Written = Stored(one.Update.Input, row!.ETag.ToString());
            return true;
        });
    }

    private static InputEntry Stored(InputEntry input, string etag) =>
        input with { Version = new InputVersion(etag, input.State).ToString() };
}
