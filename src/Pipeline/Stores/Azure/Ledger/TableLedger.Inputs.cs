using Azure;
using Azure.Data.Tables;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The ledger in Azure Table Storage: inputs and tasks. Rows are written in several transactions. If a crash or a
/// conflict interrupts them, the next attempt reads what is stored and writes the rest.
/// </summary>
internal sealed partial class TableLedger
{
    // An attempt fails only because of a concurrent write, and leaves less to do for the next one.
    private const int MaxAttempts = 20;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InputEntry>> GetInputsAsync(
        string submissionId, CancellationToken cancellationToken) =>
        await _rows.GetAllAsync(
            submissionId, LedgerKeys.InputPrefix,
            cancellationToken).Select(LedgerEntities.ToInput).ToListAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<InputEntry?> GetInputAsync(
        string submissionId, int ordinal, CancellationToken cancellationToken) =>
        await _rows.GetAsync(submissionId, LedgerKeys.Input(ordinal), cancellationToken) is { } row
            ? LedgerEntities.ToInput(row)
            : null;

    /// <inheritdoc/>
    public async Task<OutcomeCounts> CountOutcomesAsync(string submissionId, CancellationToken cancellationToken)
    {
        // One request returns the states of a thousand inputs, and nothing else of them.
        var counts = new int[Enum.GetValues<InputState>().Length];
        await foreach (var row
            in _rows.GetAllAsync(submissionId, LedgerKeys.InputPrefix, cancellationToken, [nameof(InputEntry.State)]))
            counts[(int)LedgerEntities.ToInputState(row)]++;
        return new(counts[(int)InputState.Waiting], counts[(int)InputState.Recorded], counts[(int)InputState.Failed]);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(
        IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken)
    {
        var written = new InputEntry?[inputs.Count];
        foreach (var group
            in inputs.Index().Where(input => input.Item.Version.Length > 0).GroupBy(input => input.Item.SubmissionId))
            await UpdateInputsAsync(group.Key, [.. group], tasks, written, cancellationToken);
        return written;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TaskInput>> GetTaskInputsAsync(
        string submissionId, IReadOnlyCollection<string> taskIds, CancellationToken cancellationToken)
    {
        List<string> keys = [.. taskIds.Distinct(StringComparer.Ordinal).Select(LedgerKeys.Task)];
        var tasks = (await _rows.GetManyAsync(submissionId, keys, cancellationToken))
            .Select(LedgerEntities.ToTask).ToList();
        List<string> inputKeys = [.. tasks.Select(t => t.Ordinal).OfType<int>().Distinct().Select(LedgerKeys.Input)];
        var inputs = (await _rows.GetManyAsync(submissionId, inputKeys, cancellationToken))
            .Select(LedgerEntities.ToInput).ToDictionary(i => i.Ordinal);
        return tasks.ConvertAll(
            task => new TaskInput(task, task.Ordinal is { } ordinal ? inputs.GetValueOrDefault(ordinal) : null));
    }

    /// <inheritdoc/>
    public async Task AddTasksAsync(
        string submissionId, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken)
    {
        var wanted = tasks.GroupBy(task => task.TaskId, StringComparer.Ordinal)
            .Select(same => same.Aggregate((task, other) => task.With(other))).ToList();
        if (wanted is [var only])
        {
            await AddTaskAsync(submissionId, only, cancellationToken);
            return;
        }
        var actions = wanted.Select(
            task =>
                new TableTransactionAction(
                    TableTransactionActionType.Add, LedgerEntities.ToRow(submissionId, task))).ToList();
        for (var attempt = 0; (await _rows.WriteAllAsync(actions, cancellationToken)).Count < actions.Count; attempt++)
        {
            CheckAttempt(attempt, submissionId);
            var stored = await _rows.GetAllAsync(submissionId, LedgerKeys.TaskPrefix, cancellationToken)
                .ToDictionaryAsync(row => row.RowKey, StringComparer.Ordinal, cancellationToken);
            actions =
            [
                .. wanted.Select(
                    task =>
                        ToAction(
                            task,
                            stored.GetValueOrDefault(LedgerKeys.Task(task.TaskId)))).OfType<TableTransactionAction>(),
            ];
        }

        TableTransactionAction? ToAction(TaskEntry task, TableEntity? row)
        {
            if (row is null)
                return new(TableTransactionActionType.Add, LedgerEntities.ToRow(submissionId, task));
            var stored = LedgerEntities.ToTask(row);
            var merged = stored.With(task);
            return merged == stored
                ? null
                : new(TableTransactionActionType.UpdateReplace, LedgerEntities.ToRow(submissionId, merged), row.ETag);
        }
    }

    /// <summary>
    /// Adds a single task. Such a task is usually stored already and only lacks its input, which its result has
    /// revealed.
    /// </summary>
    private async Task AddTaskAsync(string submissionId, TaskEntry task, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            CheckAttempt(attempt, submissionId);
            var row = await _rows.GetAsync(submissionId, LedgerKeys.Task(task.TaskId), cancellationToken);
            if (row is null ? await _rows.AddAsync(LedgerEntities.ToRow(submissionId, task), cancellationToken)
                : await MergeAsync(LedgerEntities.ToTask(row), row.ETag.ToString()))
                return;
        }

        async Task<bool> MergeAsync(TaskEntry stored, string etag)
        {
            var merged = stored.With(task);
            return merged == stored
                || await _rows.ReplaceAsync(
                    LedgerEntities.ToRow(submissionId, merged), etag, cancellationToken) is not null;
        }
    }

    /// <inheritdoc/>
    public async Task<TaskEntry?> GetTaskAsync(
        string submissionId, string taskId, CancellationToken cancellationToken) =>
        await _rows.GetAsync(submissionId, LedgerKeys.Task(taskId), cancellationToken) is { } row
            ? LedgerEntities.ToTask(row)
            : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TaskEntry>> GetTasksAsync(
        string submissionId, CancellationToken cancellationToken) =>
        await _rows.GetAllAsync(
            submissionId, LedgerKeys.TaskPrefix,
            cancellationToken).Select(LedgerEntities.ToTask).ToListAsync(cancellationToken);

    private async Task CreateInputsAsync(
        string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var actions = inputs.Select(
            input =>
                new TableTransactionAction(
                    TableTransactionActionType.Add, LedgerTable.Prepare(LedgerEntities.ToRow(input)))).ToList();
        for (var attempt = 0; (await _rows.WriteAllAsync(actions, cancellationToken)).Count < actions.Count; attempt++)
        {
            CheckAttempt(attempt, submissionId);
            var stored = await _rows.GetAllAsync(
                submissionId, LedgerKeys.InputPrefix, cancellationToken, [nameof(TableEntity.RowKey)])
                .Select(row => row.RowKey).ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
            actions.RemoveAll(action => stored.Contains(action.Entity.RowKey));
        }
    }

    private async Task UpdateInputsAsync(
        string submissionId, List<(int Index, InputEntry Item)> inputs, IReadOnlyList<TaskEntry> tasks,
        InputEntry?[] written, CancellationToken cancellationToken)
    {
        if (inputs is [var (index, only)] && tasks.Count == 0)
        {
            var etag = await _rows.ReplaceAsync(LedgerEntities.ToRow(only), only.Version, cancellationToken);
            written[index] = etag is null ? null : only with { Version = etag };
            return;
        }
        var pending = inputs.Select(
            input => (input.Index, input.Item, Row: LedgerTable.Prepare(LedgerEntities.ToRow(input.Item)))).ToList();
        for (var attempt = 0; pending.Count > 0; attempt++)
        {
            CheckAttempt(attempt, submissionId);
            var etags = await _rows.WriteAllAsync(
                [
                    .. pending.Select(
                        p =>
                            new TableTransactionAction(
                                TableTransactionActionType.UpdateReplace, p.Row, new ETag(p.Item.Version))),
                    .. tasks.Select(
                        task => new TableTransactionAction(
                            TableTransactionActionType.UpsertMerge, LedgerEntities.ToRow(submissionId, task))),
                ],
                cancellationToken);
            var done = Math.Min(etags.Count, pending.Count);
            for (var i = 0; i < done; i++)
                written[pending[i].Index] = pending[i].Item with { Version = etags[i] };
            pending.RemoveRange(0, done);
            if (pending.Count == 0)
                return;
            var stored = await _rows.GetAllAsync(
                submissionId, LedgerKeys.InputPrefix, cancellationToken,
                [nameof(TableEntity.RowKey), LedgerEntities.Mark])
                .ToDictionaryAsync(row => row.RowKey, StringComparer.Ordinal, cancellationToken);
            pending.RemoveAll(p => IsSettled(p.Index, p.Item, p.Row, stored.GetValueOrDefault(p.Row.RowKey)));
        }

        // Settled: another writer changed the row, or our own transaction did and its answer was lost.
        bool IsSettled(int index, InputEntry input, TableEntity row, TableEntity? stored)
        {
            if (stored?.ETag.ToString() == input.Version)
                return false;
            if (stored?.GetString(LedgerEntities.Mark) == row.GetString(LedgerEntities.Mark))
                written[index] = input with { Version = stored!.ETag.ToString() };
            return true;
        }
    }

    private static void CheckAttempt(int attempt, string submissionId)
    {
        if (attempt == MaxAttempts)
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"Cannot update submission {submissionId} in the ledger: {MaxAttempts} attempts conflicted with other "
                + "writers.");
    }
}
