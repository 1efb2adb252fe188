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

    private static readonly TimeSpan Kept = TimeSpan.FromDays(2);

    private readonly LedgerTable _rows = new(account.Table(AzureNames.DueTable));
    private readonly ErasedRows _erased = new(account);

    /// <inheritdoc/>
    public async Task<KnownRequest?> FindRequestAsync(string key, CancellationToken cancellationToken) =>
        await _rows.GetAsync(LedgerKeys.RequestPartition, NameOf(key), cancellationToken) is { } row
            && row.GetDateTimeOffset(At) > time.GetUtcNow() - Kept
            ? new(row.GetString(Hash), row.GetString(ListId))
            : null;

    /// <inheritdoc/>
    public async Task<KnownRequest> AddRequestAsync(
        string key, KnownRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var old = _rows.GetRangeAsync(
            LedgerKeys.RequestPartition, "0", "g", MaxRemoved, cancellationToken, [nameof(TableEntity.RowKey), At]);
        await foreach (var row in old.Take(MaxRemoved).WithCancellation(cancellationToken))
            if (row.GetDateTimeOffset(At) < now - Kept)
                await _rows.RemoveAsync(LedgerKeys.RequestPartition, row.RowKey, cancellationToken);
        var added = new TableEntity(LedgerKeys.RequestPartition, NameOf(key))
        {
            [Hash] = request.Hash,
            [ListId] = request.ListId,
            [At] = now.ToUniversalTime(),
        };
        if (await _rows.AddAsync(added, cancellationToken))
        {
            await _erased.TakeBackAsync(
                request.ListId, _rows, added.PartitionKey, added.RowKey, cancellationToken);
            return request;
        }
        return await FindRequestAsync(key, cancellationToken) ?? request;
    }

    private static string NameOf(string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
