using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Export.Writing;

namespace Pipeline.Export.Copying;

/// <summary>
/// Writes batches in order on another thread while the next one is filled. Reading and compressing take about the same
/// time, so two cores are used. Batches do not queue up, which keeps memory small.
/// </summary>
internal sealed class BatchQueue(Table table) : IAsyncDisposable
{
    private readonly Stack<RowBatch> _free = new();
    private Task _writing = Task.CompletedTask;
    private RowBatch? _written;

    /// <summary>Returns an empty batch.</summary>
    public RowBatch Rent() => _free.TryPop(out var batch) ? batch : new(table);

    /// <summary>Passes on a batch once the last one is written. The batch is reused after it was written.</summary>
    public async Task WriteAsync(ITableWriter writer, RowBatch batch, CancellationToken cancellationToken)
    {
        await CompleteAsync();
        _written = batch;
        _writing = Task.Run(
            async () =>
            {
                await writer.WriteAsync(batch, cancellationToken);
                batch.Clear();
            },
            cancellationToken);
    }

    /// <summary>Waits until everything is written.</summary>
    public async Task CompleteAsync()
    {
        await _writing;
        if (_written is not null)
            _free.Push(_written);
        _written = null;
    }

    public async ValueTask DisposeAsync()
    {
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _written?.Dispose();
        while (_free.TryPop(out var batch))
            batch.Dispose();
    }
}
