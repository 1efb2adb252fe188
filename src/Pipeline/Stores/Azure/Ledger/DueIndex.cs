using Azure.Data.Tables;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// Finds due submissions and open lists without looking at all others. Its rows lie in another partition than what they point to, so no transaction
/// spans both: a row is written before what needs it and removed after, and whoever finds one asks the ledger whether it still holds. A row that does
/// not may belong to a write under way, so it is removed only when it is old. One range query over a partition ordered by time gives the longest
/// overdue first. That partition takes 2,000 writes a second, and a submission of up to 1,000 URLs costs it two each time its due time changes.
/// </summary>
internal sealed class DueIndex(AzureResource<TableClient> table, TimeProvider time)
{
    private const string SubmissionId = "SubmissionId";
    private const string WrittenAt = "WrittenAt";

    // Far longer than a write with all its tries takes, and than clocks differ.
    private static readonly TimeSpan s_grace = TimeSpan.FromHours(1);

    private readonly LedgerTable _rows = new(table);

    /// <summary>Notes that a submission will be due; returns the key of the row.</summary>
    public async Task<string> AddAsync(string submissionId, DateTimeOffset dueAt, CancellationToken cancellationToken)
    {
        var key = LedgerKeys.Due(dueAt, submissionId, LedgerTable.NewMark());
        await _rows.PutAsync(
            new(LedgerKeys.DuePartition, key) { [SubmissionId] = submissionId, [WrittenAt] = time.GetUtcNow() }, cancellationToken);
        return key;
    }

    /// <summary>Removes the row of a submission that is no longer due then.</summary>
    public Task RemoveAsync(string key, CancellationToken cancellationToken) => _rows.RemoveAsync(LedgerKeys.DuePartition, key, cancellationToken);

    /// <summary>The rows up to a time, the earliest first.</summary>
    public IAsyncEnumerable<TableEntity> GetDueAsync(DateTimeOffset now, int perPage, CancellationToken cancellationToken) =>
        _rows.GetRangeAsync(LedgerKeys.DuePartition, "0", LedgerKeys.DueBefore(now.AddTicks(1)), Math.Clamp(perPage, 1, 1000), cancellationToken);

    /// <summary>Whose row it is.</summary>
    public static string SubmissionOf(TableEntity row) => row.GetString(SubmissionId);

    /// <summary>Notes that a list is in a state in which it is asked for: open, or refused.</summary>
    /// <param name="partition"><see cref="LedgerKeys.OpenListsPartition"/> or <see cref="LedgerKeys.RefusedListsPartition"/>.</param>
    /// <param name="listId">The list.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    public Task AddListAsync(string partition, string listId, CancellationToken cancellationToken) =>
        _rows.PutAsync(new(partition, listId) { [WrittenAt] = time.GetUtcNow() }, cancellationToken);

    /// <summary>The lists that may be in that state; their ids are the row keys.</summary>
    public IAsyncEnumerable<TableEntity> GetListsAsync(string partition, CancellationToken cancellationToken) =>
        _rows.GetRangeAsync(partition, "-", "~", perPage: null, cancellationToken);

    /// <summary>Removes a row that does not hold, unless it may belong to a write under way.</summary>
    public Task RemoveStaleAsync(TableEntity row, CancellationToken cancellationToken) =>
        time.GetUtcNow() - row.GetDateTimeOffset(WrittenAt) > s_grace
            ? _rows.RemoveAsync(row.PartitionKey, row.RowKey, cancellationToken, row.ETag)
            : Task.CompletedTask;
}
