using Microsoft.Extensions.Logging;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Outcomes;

/// <summary>
/// Keeps an erased list erased. A worker that read the list before may write about it afterwards, and no transaction of
/// a storage account spans the hash that an erasure leaves and the worker's rows and blobs. So after working on a list,
/// a worker checks whether the list is erased, and if so erases what is there again. Whichever comes second, the
/// erasure or the check, finds the write. If the worker is killed between write and check, the message is delivered
/// again.
/// </summary>
internal sealed partial class LateWrites(ILedger ledger, IListEraser eraser, ILogger<LateWrites> logger)
{
    /// <summary>
    /// Runs work on a list. If the list is then erased, removes what the work wrote, and ignores its error, because
    /// rows that it needed were gone.
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

    // The log line must not name the list.
    [LoggerMessage(LogLevel.Information, "Work on a list that was erased meanwhile ended without a trace.")]
    private partial void LogErased();
}
