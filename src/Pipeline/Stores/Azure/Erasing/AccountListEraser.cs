using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Records;

namespace Pipeline.Stores.Azure.Erasing;

/// <summary>
/// Erases a list from a storage account. No transaction spans queues, blobs and tables, so the order matters: the hash
/// of the id comes first, which refuses late messages; the list's own row goes last, so that a repeated call knows what
/// to do. All steps are repeated until they find nothing, because a worker may have written something meanwhile.
/// </summary>
internal sealed class AccountListEraser(
    QueueErasure queues, BlobErasure blobs, TableErasure tables, SentAnnouncements announcements) : IListEraser
{
    private const int MaxPasses = 5;

    /// <inheritdoc/>
    public async Task<ErasedParts> EraseAsync(
        string listId, Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        if (!await tables.BeginAsync(listId, cancellationToken))
            return default;
        var all = default(ErasedParts);
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var parts = await queues.EraseAsync(isOfList, cancellationToken)
                + await blobs.EraseAsync(listId, isOfList, cancellationToken)
                + await tables.EraseAsync(listId, cancellationToken);
            all += parts;
            if (parts.IsNothing)
                return all;
        }

        return all with
        {
            Left = $"A worker still writes about list {listId}. Run the same command again in some minutes.",
        };
    }

    /// <inheritdoc/>
    public async Task EraseLateAsync(string listId, bool withExports, CancellationToken cancellationToken)
    {
        await announcements.TakeBackAsync(listId, cancellationToken);
        await blobs.EraseOwnAsync(listId, cancellationToken);
        if (withExports)
            await blobs.EraseExportsAsync(listId, cancellationToken);
        await tables.EraseOwnAsync(listId, cancellationToken);
    }
}
