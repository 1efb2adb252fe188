using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The hashes of erased lists. Whoever writes a row about a list where the list's id does not lead, in an index or in a
/// series, asks here after the write, and removes the row again if the list is erased.
/// </summary>
internal sealed class ErasedRows(AzureAccount account)
{
    private readonly LedgerTable _index = new(account.Table(AzureNames.DueTable));

    /// <summary>Whether a list was erased.</summary>
    public async Task<bool> HasAsync(string listId, CancellationToken cancellationToken) =>
        await _index.GetAsync(LedgerKeys.ErasedPartition, ErasedList.NameOf(listId), cancellationToken) is not null;

    /// <summary>Removes the row that was just written about a list, if the list is erased.</summary>
    public async Task TakeBackAsync(
        string? listId, LedgerTable table, string partition, string key, CancellationToken cancellationToken)
    {
        if (listId is not null && await HasAsync(listId, cancellationToken))
            await table.RemoveAsync(partition, key, cancellationToken);
    }
}
