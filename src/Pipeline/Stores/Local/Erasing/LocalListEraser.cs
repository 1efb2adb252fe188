using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Stores.Local.Erasing;

/// <summary>
/// Erases a list from a state folder and its output folder. All rows, and its lines of <c>records.ndjson</c>, go in one
/// transaction. SQLite keeps deleted rows in free pages and in its log, so the file is compacted afterwards. A process
/// that writes records itself must not erase: an append of the same transaction would go to the replaced file.
/// </summary>
internal sealed class LocalListEraser(LocalDatabase database, TimeProvider time) : IListEraser
{
    private const int Page = 500;

    /// <inheritdoc/>
    public async Task<ErasedParts> EraseAsync(
        string listId, Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        var parts = default(ErasedParts);
        var isKnown = await database.WriteAsync(session => Begin(session, listId), durable: true, cancellationToken);
        if (isKnown)
        {
            var messages = await FindMessagesAsync(isOfList, cancellationToken);
            parts = await database.WriteAsync(
                session => EraseRows(session, listId, messages), durable: true, cancellationToken);
            parts += await EraseFilesAsync(listId, cancellationToken);
        }

        await database.WriteAsync(OutputFiles.Prepare, durable: true, cancellationToken);
        await database.WriteAsync(session => Finish(session, isKnown), durable: true, cancellationToken);
        return parts with { Left = await Compaction.RunAsync(database, time, cancellationToken) };
    }

    /// <inheritdoc/>
    /// <remarks>The transaction that would write rows refuses them, so only files may be left.</remarks>
    public async Task EraseLateAsync(string listId, bool withExports, CancellationToken cancellationToken) =>
        await EraseFilesAsync(listId, cancellationToken);

    /// <summary>Remembers that the list is erased. From then on, nothing is written about it.</summary>
    private bool Begin(SqlSession session, string listId)
    {
        var isKnown = ErasedLists.Has(session, listId)
            || session.Scalar("SELECT 1 FROM list WHERE list_id=$1", listId) is not null;
        if (!isKnown)
            return false;
        ErasedLists.Add(session, listId, time.GetUtcNow());
        Compaction.Request(session);
        if (OutputFiles.Folder(session) is { } folder)
        {
            RecordsErasure.Complete(session, Path.Combine(folder, NdjsonRecordStore.RecordsFile));
            RecordsErasure.Announce(session, listId);
        }
        return true;
    }

    /// <summary>
    /// Rewrites the files. Another erasure may have compacted the database since this one began, so it requests a
    /// compaction again.
    /// </summary>
    private static void Finish(SqlSession session, bool isKnown)
    {
        OutputFiles.Repair(session);
        if (isKnown)
            Compaction.Request(session);
    }

    private async Task<List<long>> FindMessagesAsync(
        Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        var (found, after) = (new List<long>(), 0L);
        while (true)
        {
            var page = await database.ReadAsync(session => Messages(session, after), cancellationToken);
            foreach (var (id, queue, body) in page)
            {
                if (await isOfList(queue, body, cancellationToken))
                    found.Add(id);
                after = id;
            }
            if (page.Count < Page)
                return found;
        }
    }

    private static List<(long Id, string Queue, byte[] Body)> Messages(SqlSession session, long after)
    {
        using var rows = session.Query("SELECT id, queue, body FROM message WHERE id>$1 ORDER BY id LIMIT $2",
            after, Page);
        var page = new List<(long, string, byte[])>();
        while (rows.Read())
        {
            var queue = rows.GetString(1);
            page.Add((
                rows.GetInt64(0),
                queue.EndsWith(QueueNames.PoisonSuffix, StringComparison.Ordinal)
                    ? queue[..^QueueNames.PoisonSuffix.Length]
                    : queue,
                rows.GetBytes(2)));
        }
        return page;
    }

    private static ErasedParts EraseRows(SqlSession session, string listId, List<long> messages)
    {
        var failures = ListRows.EraseFailures(session, listId);
        var records = OutputFiles.Folder(session) is { } folder
            ? RecordsErasure.Erase(session, Path.Combine(folder, NdjsonRecordStore.RecordsFile), listId)
            : 0;
        return ListRows.Erase(session, listId) with
        {
            Records = records,
            Failures = failures,
            Messages = messages.Sum(id => session.Execute("DELETE FROM message WHERE id=$1", id)),
        };
    }

    private async Task<ErasedParts> EraseFilesAsync(string listId, CancellationToken cancellationToken)
    {
        var state = Path.GetDirectoryName(database.Path)!;
        var folder = await database.ReadAsync(OutputFiles.Folder, cancellationToken);
        try
        {
            WorkFolder.RemoveUnused(state);
            var copies = ListFolderFiles.EraseCopies(state, listId);
            return new() { Others = copies + (folder is null ? 0 : ListFolderFiles.EraseExports(folder, listId)) };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw LocalErrors.Translate(error, state);
        }
    }
}
