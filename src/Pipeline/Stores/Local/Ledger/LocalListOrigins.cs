using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>The messages that brought the lists, in the state of one machine.</summary>
internal sealed class LocalListOrigins(LocalDatabase database) : IListOrigins
{
    /// <inheritdoc/>
    public Task PutOriginAsync(string listId, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        message.Length > IListOrigins.MaxBytes
            ? Task.CompletedTask
            : database.WriteAsync(
                session =>
                {
                    if (!ErasedLists.Has(session, listId))
                        session.Execute(
                            "INSERT INTO list_origin(list_id, message) VALUES($1, $2) "
                                + "ON CONFLICT DO UPDATE SET message=$2",
                            listId, message.ToArray());
                },
                durable: false,
                cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]?> FindOriginAsync(string listId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.Scalar("SELECT message FROM list_origin WHERE list_id=$1", listId) as byte[],
            cancellationToken);
}
