using Azure.Data.Tables;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>The messages that brought the lists, each a row in the partition of its list.</summary>
internal sealed class TableListOrigins(AzureAccount account) : IListOrigins
{
    private const string Message = "Message";

    private readonly LedgerTable _rows = new(account.Table(AzureNames.LedgerTable));

    /// <inheritdoc/>
    public Task PutOriginAsync(string listId, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        message.Length > IListOrigins.MaxBytes
            ? Task.CompletedTask
            : _rows.PutAsync(
                new TableEntity(LedgerKeys.ListPartition(listId), LedgerKeys.Origin) { [Message] = message.ToArray() },
                cancellationToken);

    /// <inheritdoc/>
    public async Task<byte[]?> FindOriginAsync(string listId, CancellationToken cancellationToken) =>
        (await _rows.GetAsync(LedgerKeys.ListPartition(listId), LedgerKeys.Origin, cancellationToken))
            ?.GetBinary(Message);
}
