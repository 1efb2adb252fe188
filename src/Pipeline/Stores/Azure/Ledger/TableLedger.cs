using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The ledger in Azure Table Storage: lists and submissions. <c>TableLedger.Inputs.cs</c> has inputs and tasks.
/// <see cref="LedgerKeys"/> documents the layout.
/// </summary>
internal sealed partial class TableLedger : ILedger
{
    private const int MaxParallelReads = 32;

    private readonly TimeProvider _time;
    private readonly LedgerTable _rows;
    private readonly LedgerTable _index;
    private readonly OutcomeCounters _counters;
    private readonly InputUpdates _inputs;
    private readonly DueIndex _due;
    private readonly ErasedRows _erased;

    public TableLedger(AzureAccount account, TimeProvider time)
    {
        _time = time;
        _rows = new(account.Table(AzureNames.LedgerTable));
        _index = new(account.Table(AzureNames.DueTable));
        _counters = new(_rows);
        _inputs = new(_rows, _counters);
        _due = new(account.Table(AzureNames.DueTable), time);
        _erased = new(account);
    }

    /// <inheritdoc/>
    public async Task<ListEntry> CreateListAsync(ListEntry list, CancellationToken cancellationToken)
    {
        if (await GetListAsync(list.ListId, cancellationToken) is { } known)
            return known;
        await IndexAsync(list, cancellationToken);
        await _rows.AddAsync(LedgerEntities.ToRow(list), cancellationToken);
        return await GetListAsync(list.ListId, cancellationToken)
            ?? throw new InvalidOperationException(
                $"List {list.ListId} disappeared from the ledger during its creation.");
    }

    /// <inheritdoc/>
    public async Task<ListEntry?> GetListAsync(string listId, CancellationToken cancellationToken) =>
        await _rows.GetAsync(LedgerKeys.ListPartition(listId), LedgerKeys.List, cancellationToken) is { } row
            ? LedgerEntities.ToList(row)
            : null;

    /// <inheritdoc/>
    public Task<bool> IsErasedAsync(string listId, CancellationToken cancellationToken) =>
        _erased.HasAsync(listId, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<string> GetListIdsAsync(CancellationToken cancellationToken) =>
        _rows.GetPartitionsAsync(LedgerKeys.ListPartition(""), LedgerKeys.List, cancellationToken)
            .Select(partition => partition[LedgerKeys.ListPartition("").Length..]);

    /// <inheritdoc/>
    public IAsyncEnumerable<ListEntry> GetOpenListsAsync(CancellationToken cancellationToken) =>
        GetListsAsync(LedgerKeys.OpenListsPartition, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ListEntry> GetRefusedListsAsync(CancellationToken cancellationToken) =>
        GetListsAsync(LedgerKeys.RefusedListsPartition, cancellationToken);

    /// <inheritdoc/>
    public async Task<ListEntry?> UpdateListAsync(ListEntry list, CancellationToken cancellationToken)
    {
        if (list.Version.Length == 0)
            return null;
        // A closed list may be reopened.
        var row = await IndexAsync(list, cancellationToken);
        var version = await _rows.ReplaceAsync(LedgerEntities.ToRow(list), list.Version, cancellationToken);
        // After a conflict, the copy in the index holds a change that was not written.
        var current = version is null ? await GetListAsync(list.ListId, cancellationToken) : list;
        if (current is null)
            await _erased.TakeBackAsync(list.ListId, _index, row.PartitionKey, row.RowKey, cancellationToken);
        else if (DueIndex.PartitionOf(current.State) != LedgerKeys.OpenListsPartition)
            await _due.EndListAsync(current, cancellationToken);
        else if (version is null)
            await _due.AddListAsync(LedgerKeys.OpenListsPartition, current, cancellationToken);
        return version is null ? null : list with { Version = version };
    }

    private async Task<TableEntity> IndexAsync(ListEntry list, CancellationToken cancellationToken)
    {
        var row = DueIndex.ToRow(list, _time.GetUtcNow());
        await _index.PutAsync(row, cancellationToken);
        return row;
    }

    private async IAsyncEnumerable<ListEntry> GetListsAsync(
        string partition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in _due.GetListsAsync(partition, cancellationToken))
        {
            if (await GetListAsync(row.RowKey, cancellationToken) is { } list
                && DueIndex.PartitionOf(list.State) == partition)
            {
                await _due.CorrectAsync(row, list, cancellationToken);
                yield return list;
            }
            else
                await _due.RemoveStaleAsync(row, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task CreateSubmissionAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        if (await _rows.GetAsync(submission.SubmissionId, LedgerKeys.Submission, cancellationToken,
            [LedgerEntities.Mark]) is not null)
            return;
        // The submission's own row comes last, so that it exists only if everything else does.
        await CreateInputsAsync(submission.SubmissionId, inputs, cancellationToken);
        await _counters.CreateAsync(submission.SubmissionId, inputs, cancellationToken);
        await _rows.PutAsync(LedgerEntities.ToMember(submission, inputs), cancellationToken);
        var dueRow = submission.DueAt is { } dueAt
            ? await _due.AddAsync(submission.SubmissionId, dueAt, cancellationToken)
            : null;
        var created = await _rows.AddAsync(LedgerEntities.ToRow(submission, dueRow), cancellationToken);
        if (!created && dueRow is not null)
            await _due.RemoveAsync(dueRow, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<SubmissionEntry?> GetSubmissionAsync(string submissionId, CancellationToken cancellationToken) =>
        await _rows.GetAsync(submissionId, LedgerKeys.Submission, cancellationToken) is { } row
            ? LedgerEntities.ToSubmission(row)
            : null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<SubmissionEntry> GetSubmissionsAsync(
        string listId, int from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Callers often stop at the first submission that is not closed, so the first reads are small.
        var size = 1;
        var reads = new List<Task<SubmissionEntry?>>();
        await foreach (var member
            in _rows.GetRangeAsync(
                LedgerKeys.ListPartition(listId), LedgerKeys.Member(from), LedgerKeys.AfterMembers, perPage: null,
                cancellationToken, [nameof(SubmissionEntry.SubmissionId)]))
        {
            reads.Add(GetSubmissionAsync(member.GetString(nameof(SubmissionEntry.SubmissionId)), cancellationToken));
            if (reads.Count < size)
                continue;
            // A member row without a submission belongs to one that is being created.
            foreach (var submission in await Task.WhenAll(reads))
                if (submission is not null)
                    yield return submission;
            reads.Clear();
            size = Math.Min(size * 2, MaxParallelReads);
        }
        foreach (var submission in await Task.WhenAll(reads))
            if (submission is not null)
                yield return submission;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SubmissionEntry>> GetDueSubmissionsAsync(
        DateTimeOffset now, int max, CancellationToken cancellationToken)
    {
        var due = new List<SubmissionEntry>();
        await foreach (var rows
            in _due.GetDueAsync(
                now, max, cancellationToken).Chunk(MaxParallelReads).WithCancellation(cancellationToken))
        {
            var submissions = await Task.WhenAll(
                rows.Select(
                    row => _rows.GetAsync(DueIndex.SubmissionOf(row), LedgerKeys.Submission, cancellationToken)));
            foreach (var (row, submission) in rows.Zip(submissions))
            {
                if (submission?.GetString(LedgerEntities.DueRow) != row.RowKey)
                    await _due.RemoveStaleAsync(row, cancellationToken);
                else if (due.Count < max)
                    due.Add(LedgerEntities.ToSubmission(submission));
            }
            if (due.Count == max)
                break;
        }
        return due;
    }

    /// <inheritdoc/>
    public async Task<SubmissionEntry?> UpdateSubmissionAsync(
        SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (SubmissionVersion.Parse(submission.Version) is not { } read)
            return null;
        // The new index row is written before the update, and the old one is removed after it.
        var keepsDueRow = read.DueAt == submission.DueAt;
        var dueRow = keepsDueRow ? read.DueRow
            : submission.DueAt is { } dueAt ? await _due.AddAsync(submission.SubmissionId, dueAt, cancellationToken)
            : null;
        var etag = await _rows.ReplaceAsync(LedgerEntities.ToRow(submission, dueRow), read.ETag, cancellationToken);
        var obsolete = keepsDueRow ? null : etag is null ? dueRow : read.DueRow;
        if (obsolete is not null)
            await _due.RemoveAsync(obsolete, cancellationToken);
        return etag is null
            ? null
            : submission with { Version = new SubmissionVersion(etag, dueRow, submission.DueAt).ToString() };
    }
}
