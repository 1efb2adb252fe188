using Microsoft.Extensions.Logging;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Outcomes;

/// <summary>
/// Keeps an erased list erased. A worker that read it before may write about it afterwards, and no transaction of a
/// storage account spans the hash that an erasure leaves and the worker's rows and blobs. So whoever has worked on a
/// list asks at the end whether it is erased, and if so erases what is there again. One of the two comes second, the
/// erasure or the question, and finds the write. Whoever is killed between write and question gets the message again.
/// </summary>
internal sealed partial class LateWrites(ILedger ledger, IListEraser eraser, ILogger<LateWrites> logger)
{
    /// <summary>
    /// Runs work on a list. If the list is erased then, what the work wrote goes, and so does its error: rows that it
    /// needed were gone.
    /// </summary>
    public async Task RunAsync(string listId, Func<Task> work, bool withExports = false)
    {
        try
        {
            await work();
        }
        catch (Exception error)
        {
            if (await EraseAsync(listId, withExports) && error is not OperationCanceledException)
                return;
            throw;
        }

        await EraseAsync(listId, withExports);
    }

    /// <summary>Erases what was written about a list since it was erased. Returns false if it is not erased.</summary>
    public async Task<bool> EraseAsync(string listId, bool withExports = false)
    {
        if (!await IsErasedAsync(listId, CancellationToken.None))
            return false;
        await eraser.EraseLateAsync(listId, withExports, CancellationToken.None);
        LogErased();
        return true;
    }

    /// <summary>Whether a list was erased.</summary>
    public Task<bool> IsErasedAsync(string listId, CancellationToken cancellationToken) =>
        ledger.IsErasedAsync(listId, cancellationToken);

    // It must not name the list.
    [LoggerMessage(LogLevel.Information, "Work on a list that was erased meanwhile ended without a trace.")]
    private partial void LogErased();
}
