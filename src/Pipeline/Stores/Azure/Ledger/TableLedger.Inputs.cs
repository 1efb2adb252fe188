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
        var counts = await _counters.SumAsync(submissionId, cancellationToken)
            ?? await CountStatesAsync(submissionId, cancellationToken);
        return new(counts[(int)InputState.Waiting], counts[(int)InputState.Recorded], counts[(int)InputState.Failed]);
    }

    /// <summary>Counts the inputs of a submission without counters, which an older version created.</summary>
    private async Task<int[]> CountStatesAsync(string submissionId, CancellationToken cancellationToken)
    {
        // One request returns the states of a thousand inputs, and nothing else of them.
        var counts = new int[Enum.GetValues<InputState>().Length];
        await foreach (var row
            in _rows.GetAllAsync(submissionId, LedgerKeys.InputPrefix, cancellationToken, [nameof(InputEntry.State)]))
            counts[(int)LedgerEntities.ToInputState(row)]++;
        return counts;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(
        IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken)
    {
        // A task of an input that is not written is added to the first written one.
        var written = inputs.Select(input => input.Ordinal).ToHashSet();
        var tasksOf = tasks.ToLookup(
            task => task.Ordinal is { } ordinal && written.Contains(ordinal) ? ordinal : inputs[0].Ordinal);
        List<InputUpdate> updates = [.. inputs.Select(input => new InputUpdate(input, [.. tasksOf[input.Ordinal]]))];
        foreach (var group in updates.Where(u => u.Input.Version.Length > 0).GroupBy(u => u.Input.SubmissionId))
            await _inputs.WriteAsync(group.Key, [.. group], cancellationToken);
        return updates.ConvertAll(update => update.Written);
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

    private static void CheckAttempt(int attempt, string submissionId)
    {
        if (attempt == MaxAttempts)
            throw Busy(submissionId, MaxAttempts);
    }

    /// <summary>The error of a write that conflicted with other writers too often.</summary>
    public static PipelineException Busy(string submissionId, int attempts) => PipelineException.Transient(
        FailureReasons.Unavailable,
        $"Cannot update submission {submissionId} in the ledger: {attempts} attempts conflicted with other writers.");
}
