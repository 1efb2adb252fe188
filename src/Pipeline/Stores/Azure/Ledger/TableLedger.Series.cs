using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Model.Series;

namespace Pipeline.Stores.Azure.Ledger;

/// <content>
/// Series. All entries of one are in one partition, so a page of a query has 1,000 of them and a transaction 100.
/// </content>
internal sealed partial class TableLedger
{
    private const int MaxSeriesWrites = 100;
    private const int MaxSeriesRounds = 10;

    /// <inheritdoc/>
    public IAsyncEnumerable<SeriesEntry> GetSeriesAsync(string series, CancellationToken cancellationToken) =>
        _rows.GetAllAsync(LedgerKeys.SeriesPartition(series), LedgerKeys.SeriesPrefix, cancellationToken)
            .Select(SeriesEntities.ToEntry);

    /// <inheritdoc/>
    public async Task PutSeriesAsync(
        string series, IReadOnlyList<SeriesEntry> entries, CancellationToken cancellationToken)
    {
        var partition = LedgerKeys.SeriesPartition(series);
        // A transaction may hold a row only once; the last entry of a key wins, as it would one by one.
        var unique = entries
            .GroupBy(e => e.Key, StringComparer.Ordinal)
            .Select(same => same.Aggregate((a, b) => b.Replaces(a) ? b : a));
        foreach (var chunk in unique.Chunk(MaxSeriesWrites))
            await PutSeriesAsync(partition, [.. chunk], cancellationToken);
        foreach (var listId in entries.Select(e => e.ListId).Distinct(StringComparer.Ordinal))
            if (await _erased.HasAsync(listId, cancellationToken))
                await RemoveSeriesAsync(partition, listId, cancellationToken);
    }

    private async Task RemoveSeriesAsync(string partition, string listId, CancellationToken cancellationToken)
    {
        await foreach (var row in _rows.GetAllAsync(partition, LedgerKeys.SeriesPrefix, cancellationToken))
            if (SeriesEntities.ToEntry(row).ListId == listId)
                await _rows.RemoveAsync(partition, row.RowKey, cancellationToken, row.ETag);
    }

    /// <summary>
    /// Writes one transaction, assuming that the rows have not changed since they were read. If they have, because of
    /// another run or of this run before a crash, it reads them and decides again.
    /// </summary>
    private async Task PutSeriesAsync(
        string partition, List<SeriesEntry> entries, CancellationToken cancellationToken)
    {
        for (var round = 0; entries.Count > 0; round++)
        {
            if (round == MaxSeriesRounds)
                throw PipelineException.Transient(
                    FailureReasons.Unavailable,
                    $"Cannot update {partition} in the ledger: {MaxSeriesRounds} attempts conflicted with other "
                        + "writers.");
            var actions = entries.ConvertAll(entry => SeriesEntities.ToWrite(partition, entry));
            if ((await _rows.WriteAllAsync(actions, cancellationToken)).Count == actions.Count)
                return;
            var stored = await Task.WhenAll(entries.Select(
                entry => _rows.GetAsync(partition, LedgerKeys.SeriesInput(entry.Key), cancellationToken)));
            entries =
            [
                .. entries.Zip(stored.Select(row => row is null ? null : SeriesEntities.ToEntry(row)))
                    .Where(pair => pair.Second is not { } there || IsNews(pair.First, there))
                    .Select(pair => pair.First with { Version = pair.Second?.Version ?? "" }),
            ];
        }
    }

    private static bool IsNews(SeriesEntry entry, SeriesEntry stored) =>
        entry.Replaces(stored) && entry with { Version = "" } != stored with { Version = "" };

    /// <inheritdoc/>
    public async Task<byte[]> PinAsync(
        string listId, int block, byte[] pin, CancellationToken cancellationToken)
    {
        var partition = LedgerKeys.ListPartition(listId);
        var row = new TableEntity(partition, LedgerKeys.Pin(block)) { [SeriesEntities.Pin] = pin };
        if (await _rows.AddAsync(row, cancellationToken))
            return pin;
        var stored = await _rows.GetAsync(partition, LedgerKeys.Pin(block), cancellationToken);
        return stored!.GetBinary(SeriesEntities.Pin);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<byte[]> GetPinsAsync(string listId, CancellationToken cancellationToken) =>
        _rows.GetAllAsync(LedgerKeys.ListPartition(listId), LedgerKeys.PinPrefix, cancellationToken)
            .Select(row => row.GetBinary(SeriesEntities.Pin));

    /// <inheritdoc/>
    public async Task AddRunAsync(string series, SeriesRun run, CancellationToken cancellationToken)
    {
        var row = new TableEntity(LedgerKeys.SeriesPartition(series), LedgerKeys.SeriesRun(run.RunAt, run.ListId))
        {
            [nameof(run.ListId)] = run.ListId,
            [nameof(run.RunAt)] = run.RunAt.ToUniversalTime(),
        };
        await _rows.PutAsync(row, cancellationToken);
        await _erased.TakeBackAsync(run.ListId, _rows, row.PartitionKey, row.RowKey, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<SeriesRun> GetRunsAsync(string series, CancellationToken cancellationToken) =>
        _rows.GetAllAsync(LedgerKeys.SeriesPartition(series), LedgerKeys.RunPrefix, cancellationToken)
            .Select(row => new SeriesRun(
                row.GetString(nameof(SeriesRun.ListId)), row.GetDateTimeOffset(nameof(SeriesRun.RunAt))!.Value));
}
