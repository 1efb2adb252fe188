using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// Index of due submissions, open lists and refused lists, so that finding them does not scan the ledger. No
/// transaction can span an index row and its ledger row, which are in different partitions. So an index row is written
/// before the ledger row that needs it and removed after it, and readers check each index row against the ledger. An
/// invalid index row may belong to a write in progress, so it is removed only after a grace period. The due partition
/// is ordered by time: one range query returns the longest overdue first. Azure allows 2,000 writes per second in one
/// partition, and a submission of up to 1,000 URLs costs two each time its due time changes.
/// </summary>
internal sealed class DueIndex(AzureResource<TableClient> table, TimeProvider time)
{
    private const string SubmissionId = "SubmissionId";
    private const string WrittenAt = "WrittenAt";
    private const string ListId = "ListId";
    private const string ClosedAt = "ClosedAt";

    // Far longer than any write with all its retries, and than any difference of clocks.
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly LedgerTable _rows = new(table);

    /// <summary>Adds a row for a submission that will be due. Returns the row's key.</summary>
    public async Task<string> AddAsync(string submissionId, DateTimeOffset dueAt, CancellationToken cancellationToken)
    {
        var key = LedgerKeys.Due(dueAt, submissionId, LedgerTable.NewMark());
        await _rows.PutAsync(ToRow(key, submissionId, time.GetUtcNow()), cancellationToken);
        return key;
    }

    /// <summary>Removes the row of a submission that is no longer due at that time.</summary>
    public Task RemoveAsync(string key, CancellationToken cancellationToken) =>
        _rows.RemoveAsync(LedgerKeys.DuePartition, key, cancellationToken);

    /// <summary>Returns the rows that are due at a time, the earliest first.</summary>
    public IAsyncEnumerable<TableEntity> GetDueAsync(
        DateTimeOffset now, int perPage, CancellationToken cancellationToken) =>
        _rows.GetRangeAsync(
            LedgerKeys.DuePartition, "0", LedgerKeys.DueBefore(now.AddTicks(1)), Math.Clamp(perPage, 1, 1000),
            cancellationToken);

    /// <summary>Returns the id of the submission a row belongs to.</summary>
    public static string SubmissionOf(TableEntity row) => row.GetString(SubmissionId);

    /// <summary>
    /// Adds a row for an open or refused list, with a copy of the list, so that one request reads a thousand lists to
    /// show. The copy may be outdated for a moment; before a change, the list itself is read.
    /// </summary>
    /// <param name="partition">
    /// <see cref="LedgerKeys.OpenListsPartition"/> or <see cref="LedgerKeys.RefusedListsPartition"/>.
    /// </param>
    /// <param name="list">The list.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    public Task AddListAsync(string partition, ListEntry list, CancellationToken cancellationToken) =>
        _rows.PutAsync(ToRow(partition, list, time.GetUtcNow()), cancellationToken);

    /// <summary>Records in the copy of an open list that it is no longer open.</summary>
    public Task EndListAsync(ListEntry list, CancellationToken cancellationToken) =>
        _rows.MergeAsync(
            new(LedgerKeys.OpenListsPartition, list.ListId) { [nameof(list.State)] = list.State.ToString() },
            cancellationToken);

    /// <summary>Corrects the copy in a row that differs from the list, unless the row was changed meanwhile.</summary>
    public Task CorrectAsync(TableEntity row, ListEntry list, CancellationToken cancellationToken) =>
        ListOf(row) == list with { Version = "" }
            ? Task.CompletedTask
            : _rows.ReplaceAsync(
                ToRow(row.PartitionKey, list, time.GetUtcNow()), row.ETag.ToString(), cancellationToken);

    /// <summary>Returns the copy in a row, without a version; null in a row of an older version.</summary>
    public static ListEntry? ListOf(TableEntity row) => row.ContainsKey(nameof(ListEntry.State))
        ? LedgerEntities.ToList(row) with { Version = "" }
        : null;

    /// <summary>Returns the row of a submission that is due.</summary>
    public static TableEntity ToRow(string key, string submissionId, DateTimeOffset writtenAt) =>
        new(LedgerKeys.DuePartition, key) { [SubmissionId] = submissionId, [WrittenAt] = writtenAt.ToUniversalTime() };

    /// <summary>Returns the index row of a list in its state.</summary>
    public static TableEntity ToRow(ListEntry list, DateTimeOffset now)
    {
        if (PartitionOf(list.State) is { } partition)
            return ToRow(partition, list, now);
        var closedAt = list.ClosedAt ?? now;
        return new(LedgerKeys.ClosedListsPartition, LedgerKeys.Closed(closedAt, list.ListId))
        {
            [ListId] = list.ListId,
            [ClosedAt] = closedAt.ToUniversalTime(),
        };
    }

    /// <summary>Returns the partition of the lists in a state; null for closed ones, ordered by time.</summary>
    public static string? PartitionOf(ListState state) => state switch
    {
        ListState.Closed => null,
        ListState.Refused => LedgerKeys.RefusedListsPartition,
        _ => LedgerKeys.OpenListsPartition,
    };

    private static TableEntity ToRow(string partition, ListEntry list, DateTimeOffset now)
    {
        var row = LedgerEntities.ToRow(list);
        (row.PartitionKey, row.RowKey) = (partition, list.ListId);
        row[WrittenAt] = now;
        return row;
    }

    /// <summary>
    /// Returns the rows of a partition; their keys are list ids. The caller checks each list's state.
    /// </summary>
    public IAsyncEnumerable<TableEntity> GetListsAsync(
        string partition, CancellationToken cancellationToken, string after = "") =>
        _rows.GetRangeAsync(
            partition, after.Length == 0 ? "-" : after + "\u0001", "~", perPage: null, cancellationToken);

    /// <summary>Returns the rows of closed lists after a place, the latest first.</summary>
    public IAsyncEnumerable<TableEntity> GetClosedAsync(
        ClosedPlace? after, int perPage, CancellationToken cancellationToken) =>
        _rows.GetRangeAsync(
            LedgerKeys.ClosedListsPartition,
            after is { } place ? LedgerKeys.Closed(place.ClosedAt, place.ListId) + "\u0001" : "0", ":",
            Math.Clamp(perPage, 1, 1000), cancellationToken);

    /// <summary>Returns the list that a row of <see cref="GetClosedAsync"/> names.</summary>
    public static ClosedPlace ClosedListOf(TableEntity row) =>
        new(row.GetDateTimeOffset(ClosedAt) ?? default, row.GetString(ListId) ?? "");

    /// <summary>Returns when the list of a row was refused, UTC.</summary>
    public static DateTimeOffset RefusedAtOf(TableEntity row) =>
        ListOf(row)?.ClosedAt ?? row.GetDateTimeOffset(WrittenAt) ?? default;

    /// <summary>Removes an invalid row, unless it may belong to a write in progress.</summary>
    public Task RemoveStaleAsync(TableEntity row, CancellationToken cancellationToken) =>
        time.GetUtcNow() - row.GetDateTimeOffset(WrittenAt) > Grace
            ? _rows.RemoveAsync(row.PartitionKey, row.RowKey, cancellationToken, row.ETag)
            : Task.CompletedTask;
}
