using System.Security.Cryptography;
using System.Text;
using Azure.Data.Tables;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// Idempotency keys in Azure Table Storage. Adding one looks at up to a hundred others and removes those that are old.
/// Keys come from outside, so their hashes are kept.
/// </summary>
internal sealed class TableRequestKeys(AzureAccount account, TimeProvider time) : IRequestKeys
{
    private const int MaxRemoved = 100;
    private const string Hash = "Hash";
    private const string ListId = "ListId";
    private const string At = "At";

    private readonly LedgerTable _rows = new(account.Table(AzureNames.DueTable));
    private readonly ErasedRows _erased = new(account);

    /// <inheritdoc/>
    public async Task<KnownRequest?> FindRequestAsync(string key, CancellationToken cancellationToken) =>
        await GetAsync(NameOf(key), cancellationToken) is { } row && !IsOld(row, time.GetUtcNow())
            ? ToRequest(row)
            : null;

    /// <inheritdoc/>
    public async Task<KnownRequest> AddRequestAsync(
        string key, KnownRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var name = NameOf(key);
        await RemoveOldAsync(name, now, cancellationToken);
        var added = new TableEntity(LedgerKeys.RequestPartition, name)
        {
            [Hash] = request.Hash,
            [ListId] = request.ListId,
            [At] = now.ToUniversalTime(),
        };
        if (!await _rows.AddAsync(added, cancellationToken))
            return await GetAsync(name, cancellationToken) is { } first ? ToRequest(first) : request;
        await _erased.TakeBackAsync(request.ListId, _rows, added.PartitionKey, added.RowKey, cancellationToken);
        return request;
    }

    /// <summary>
    /// Removes old keys, starting at a given name. Names are hashes, so each call covers another part of the rows. If
    /// every call started at the first name, recent rows there would hide the old ones behind them.
    /// </summary>
    private async Task RemoveOldAsync(string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var others = _rows.GetRangeAsync(
            LedgerKeys.RequestPartition, name, "g", MaxRemoved, cancellationToken, [nameof(TableEntity.RowKey), At]);
        await foreach (var row in others.Take(MaxRemoved).WithCancellation(cancellationToken))
            if (IsOld(row, now))
                await _rows.RemoveAsync(LedgerKeys.RequestPartition, row.RowKey, cancellationToken, row.ETag);
    }

    private Task<TableEntity?> GetAsync(string name, CancellationToken cancellationToken) =>
        _rows.GetAsync(LedgerKeys.RequestPartition, name, cancellationToken);

    private static bool IsOld(TableEntity row, DateTimeOffset now) =>
        !(row.GetDateTimeOffset(At) >= now - IRequestKeys.Kept);

    private static KnownRequest ToRequest(TableEntity row) => new(row.GetString(Hash), row.GetString(ListId));

    private static string NameOf(string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
