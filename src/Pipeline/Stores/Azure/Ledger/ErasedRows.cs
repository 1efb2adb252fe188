using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The hashes of erased lists. A row about a list in an index or a series cannot be found from the list's id. So its
/// writer checks after the write whether the list is erased, and if so removes the row again.
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
