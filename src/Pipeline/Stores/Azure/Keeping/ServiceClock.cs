using Azure.Data.Tables;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// The time of the storage service, from the Date header of an answer. This machine's clock may be wrong, and a time of
/// a backup that is too late, or of a restore that is too early, would hide what was posted in between.
/// </summary>
internal static class ServiceClock
{
    private static readonly string[] KeysOnly = [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey)];

    /// <summary>Returns the service's time, UTC; null if the answer has none.</summary>
    public static async Task<DateTimeOffset?> ReadAsync(
        AzureResource<TableClient> table, CancellationToken cancellationToken)
    {
        var found = await table.RunAsync(
            t => t.GetEntityIfExistsAsync<TableEntity>(
                LedgerKeys.RestorePartition, LedgerKeys.RestoreRow, KeysOnly, cancellationToken), cancellationToken);
        return found.GetRawResponse().Headers.Date?.ToUniversalTime();
    }
}
