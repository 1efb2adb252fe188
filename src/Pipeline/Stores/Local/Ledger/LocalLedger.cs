using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The ledger of one machine. A version is a number that every write increments.</summary>
internal sealed partial class LocalLedger(LocalDatabase database, TimeProvider? time = null) : ILedger, ILedgerCounts
{
    // Long result sets are read in pages, because an open reader prevents checkpoints of the write-ahead log.
    private const int PageSize = 500;

    /// <inheritdoc/>
    public async Task<ListEntry> CreateListAsync(ListEntry list, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            session =>
            {
                if (!ErasedLists.Has(session, list.ListId))
                    LedgerRows.Insert(session, list);
                return LedgerRows.List(session, list.ListId);
            },
            durable: false,
            cancellationToken)
        ?? throw PipelineException.Permanent(
            FailureReasons.InvalidInput, $"A list with the id {list.ListId} was erased.");

    /// <inheritdoc/>
    public Task<ListEntry?> GetListAsync(string listId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.List(session, listId), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> IsErasedAsync(string listId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => ErasedLists.Has(session, listId), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> GetListIdsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var id in await database.ReadAsync(LedgerRows.ListIds, cancellationToken))
            yield return id;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ListEntry> GetOpenListsAsync(CancellationToken cancellationToken) =>
        GetListsAsync(LedgerRows.OpenLists, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ListEntry> GetRefusedListsAsync(CancellationToken cancellationToken) =>
        GetListsAsync(LedgerRows.RefusedLists, cancellationToken);

    private async IAsyncEnumerable<ListEntry> GetListsAsync(
        Func<SqlSession, string, int, IReadOnlyList<ListEntry>> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<ListEntry> page = [];
        do
        {
            var after = page.Count == 0 ? "" : page[^1].ListId;
            page = await database.ReadAsync(session => read(session, after, PageSize), cancellationToken);
            foreach (var list in page)
                yield return list;
        }
        while (page.Count == PageSize);
    }

    /// <inheritdoc/>
    public Task<ListEntry?> UpdateListAsync(ListEntry list, CancellationToken cancellationToken) =>
        database.WriteAsync(session => LedgerRows.Update(session, list), durable: false, cancellationToken);

    /// <inheritdoc/>
    public Task CreateSubmissionAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var filter = KeyFilter.Of(inputs);
        return database.WriteAsync(
            session => LedgerRows.Insert(session, submission, inputs, filter), durable: true, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<SubmissionEntry?> GetSubmissionAsync(string submissionId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Submission(session, submissionId), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<SubmissionEntry> GetSubmissionsAsync(
        string listId, int from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<SubmissionEntry> page = [];
        do
        {
            var after = page.Count == 0 ? from - 1 : page[^1].Sequence;
            page = await database.ReadAsync(
                session => LedgerRows.Submissions(session, listId, after, PageSize), cancellationToken);
            foreach (var submission in page)
                yield return submission;
        }
        while (page.Count == PageSize);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SubmissionEntry>> GetDueSubmissionsAsync(
        DateTimeOffset now, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.DueSubmissions(session, now, max), cancellationToken);

    /// <inheritdoc/>
    public Task<SubmissionEntry?> UpdateSubmissionAsync(
        SubmissionEntry submission, CancellationToken cancellationToken) =>
        database.WriteAsync(session => LedgerRows.Update(session, submission), durable: true, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<InputEntry>> GetInputsAsync(string submissionId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Inputs(session, submissionId), cancellationToken);

    /// <inheritdoc/>
    public Task<InputEntry?> GetInputAsync(string submissionId, int ordinal, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Input(session, submissionId, ordinal), cancellationToken);

    /// <inheritdoc/>
    public Task<OutcomeCounts> CountOutcomesAsync(string submissionId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Outcomes(session, submissionId), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(
        IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<InputEntry?>>(
            session =>
            {
                if (tasks.Count > 0)
                    LedgerRows.Insert(session, inputs[0].SubmissionId, tasks);
                return [.. inputs.Select(input => LedgerRows.Update(session, input))];
            },
            durable: false,
            cancellationToken);

    /// <inheritdoc/>
    public Task AddTasksAsync(
        string submissionId, IReadOnlyList<TaskEntry> tasks, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => LedgerRows.Insert(session, submissionId, tasks), durable: true, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TaskInput>> GetTaskInputsAsync(
        string submissionId, IReadOnlyCollection<string> taskIds, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.TaskInputs(session, submissionId, taskIds), cancellationToken);

    /// <inheritdoc/>
    public Task<TaskEntry?> GetTaskAsync(string submissionId, string taskId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Task(session, submissionId, taskId), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TaskEntry>> GetTasksAsync(string submissionId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Tasks(session, submissionId), cancellationToken);

    /// <inheritdoc/>
    public Task<long> ReserveAsync(
        string budget, string name, int urls, long limit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => BudgetRows.Reserve(session, budget, name, urls, limit), durable: false, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(string budget, string name, CancellationToken cancellationToken) =>
        database.WriteAsync(session => BudgetRows.Release(session, budget, name), durable: false, cancellationToken);

    /// <inheritdoc/>
    public Task<long> GetReservedAsync(string budget, CancellationToken cancellationToken) =>
        database.ReadAsync(session => BudgetRows.Reserved(session, budget), cancellationToken);

    /// <inheritdoc/>
    public async Task<LedgerCounts> CountAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var now = (time ?? TimeProvider.System).GetUtcNow();
        var total = LedgerCounts.None;
        foreach (var listId in listIds)
            total += await database.ReadAsync(session => LedgerRows.Count(session, listId, now), cancellationToken);
        return total;
    }
}
