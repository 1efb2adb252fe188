using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// Pages through lists and events in Azure Table Storage. A page of open lists costs one query of an index per thousand
/// rows, which have copies of the lists. A page of closed lists costs one query and a read for each list.
/// </summary>
internal sealed class TableListCatalog(AzureAccount account, ILedger ledger, TimeProvider time)
    : IListCatalog, IEventLog
{
    private const int MaxRemoved = 100;

    private readonly DueIndex _due = new(account.Table(AzureNames.DueTable), time);
    private readonly LedgerTable _index = new(account.Table(AzureNames.DueTable));
    private readonly TableLiveLists _live = new(account, ledger, time);
    private readonly ErasedRows _erased = new(account);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ListEntry>> GetOpenPageAsync(
        string after, int max, CancellationToken cancellationToken)
    {
        var lists = new List<ListEntry>();
        var rows = _due.GetListsAsync(LedgerKeys.OpenListsPartition, cancellationToken, after);
        await foreach (var chunk in rows.Chunk(max).WithCancellation(cancellationToken))
        {
            var read = await Task.WhenAll(chunk.Select(row => DueIndex.ListOf(row) is { } copy
                ? Task.FromResult<ListEntry?>(copy)
                : ledger.GetListAsync(row.RowKey, cancellationToken)));
            lists.AddRange(read.OfType<ListEntry>().Where(list => list.State is ListState.Planning or ListState.Open));
            if (lists.Count >= max)
                break;
        }

        return lists.Count > max ? lists[..max] : lists;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ListEntry>> GetClosedPageAsync(
        ClosedPlace? after, int max, CancellationToken cancellationToken)
    {
        var lists = new List<ListEntry>();
        var rows = _due.GetClosedAsync(after, max, cancellationToken);
        await foreach (var chunk in rows.Chunk(max).WithCancellation(cancellationToken))
        {
            var read = await ReadAsync(chunk.Select(row => DueIndex.ClosedListOf(row).ListId), cancellationToken);
            // A list that was reopened and closed again has a row for each close; only the last one counts.
            lists.AddRange(read.Where((list, i) =>
                list.State == ListState.Closed && list.ClosedAt == DueIndex.ClosedListOf(chunk[i]).ClosedAt));
            if (lists.Count >= max)
                break;
        }

        return lists.Count > max ? lists[..max] : lists;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ListEntry>> GetRefusedAsync(
        DateTimeOffset since, int max, CancellationToken cancellationToken)
    {
        var rows = await _due.GetListsAsync(LedgerKeys.RefusedListsPartition, cancellationToken)
            .Where(row => DueIndex.RefusedAtOf(row) > since)
            .OrderByDescending(DueIndex.RefusedAtOf)
            .Take(max)
            .ToListAsync(cancellationToken);
        var read = await ReadAsync(rows.Select(row => row.RowKey), cancellationToken);
        return [.. read.Where(list => list.State == ListState.Refused && list.ClosedAt > since)];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LiveList>> GetLiveAsync(
        IReadOnlyList<string> listIds, CancellationToken cancellationToken) =>
        _live.ReadAsync(listIds, cancellationToken);

    /// <inheritdoc/>
    public async Task AddEventAsync(EventEntry entry, CancellationToken cancellationToken)
    {
        var row = new TableEntity(LedgerKeys.EventPartition, $"{LedgerKeys.Latest(entry.At)}.{LedgerTable.NewMark()}")
        {
            [nameof(entry.At)] = entry.At.ToUniversalTime(),
            [nameof(entry.Kind)] = entry.Kind,
            [nameof(entry.Who)] = entry.Who,
            [nameof(entry.Text)] = entry.Text,
        };
        LedgerText.Put(row, nameof(entry.ListId), entry.ListId);
        await _index.PutAsync(row, cancellationToken);
        await _erased.TakeBackAsync(entry.ListId, _index, row.PartitionKey, row.RowKey, cancellationToken);
        var old = _index.GetRangeAsync(LedgerKeys.EventPartition, LedgerKeys.Latest(entry.At - IEventLog.Kept), ":",
            MaxRemoved, cancellationToken, [nameof(TableEntity.RowKey)]);
        await foreach (var gone in old.Take(MaxRemoved).WithCancellation(cancellationToken))
            await _index.RemoveAsync(LedgerKeys.EventPartition, gone.RowKey, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EventEntry>> GetEventsAsync(int max, CancellationToken cancellationToken) =>
        await _index.GetRangeAsync(LedgerKeys.EventPartition, "0", ":", max, cancellationToken)
            .Take(max)
            .Select(row => new EventEntry(
                row.GetDateTimeOffset(nameof(EventEntry.At)) ?? default, row.GetString(nameof(EventEntry.Kind)),
                row.GetString(nameof(EventEntry.ListId)), row.GetString(nameof(EventEntry.Who)),
                row.GetString(nameof(EventEntry.Text))))
            .ToListAsync(cancellationToken);

    private async Task<IReadOnlyList<ListEntry>> ReadAsync(
        IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var lists = await Task.WhenAll(ids.Select(id => ledger.GetListAsync(id, cancellationToken)));
        // A row without a list belongs to a list that is being created, or is gone.
        return [.. lists.Select(list => list ?? Missing)];
    }

    private static ListEntry Missing { get; } = new()
    {
        ListId = "", State = ListState.Refused, CreatedAt = DateTimeOffset.MinValue,
    };
}
