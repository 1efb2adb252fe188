using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Export.Writing;

namespace Pipeline.Export.Copying;

/// <summary>
/// Collects rows in a batch for each partition, and writes batches that are full. All open partitions together keep no
/// more than one full batch.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="target">The target.</param>
/// <param name="partitionOf">Returns the partition of a list's rows.</param>
internal sealed class RowSink(Table table, IExportTarget target, Func<string, Partition> partitionOf) : IAsyncDisposable
{
    // Each keeps a file open.
    private const int MaxOpen = 64;

    private readonly BatchQueue _queue = new(table);
    private readonly Dictionary<Partition, OpenPartition> _open = [];
    private OpenPartition? _last;
    private long _bytes;
    private long _bytesBefore;

    /// <summary>Returns the batch for the next row, which belongs to this list.</summary>
    public async ValueTask<RowBatch> OpenAsync(string listId, CancellationToken cancellationToken)
    {
        var partition = partitionOf(listId);
        if (_last?.Partition != partition)
            _last = await FindAsync(partition, cancellationToken);
        _bytesBefore = _last.Batch.Bytes;
        return _last.Batch;
    }

    /// <summary>Writes full batches. Call it after each row.</summary>
    public async ValueTask AddedAsync(CancellationToken cancellationToken)
    {
        _bytes += _last!.Batch.Bytes - _bytesBefore;
        if (_last.Batch.IsFull)
            await WriteAsync(_last, cancellationToken);
        else if (_bytes >= RowBatch.FullBytes)
            await WriteAsync(_open.Values.MaxBy(one => one.Batch.Bytes)!, cancellationToken);
    }

    /// <summary>Writes the rest. A table without rows is one empty file.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_open.Count == 0 && target.HoldsEmptyTables)
            await FindAsync(Partition.None, cancellationToken);
        foreach (var partition in _open.Values)
            await CloseAsync(partition, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _queue.DisposeAsync();
        foreach (var partition in _open.Values)
        {
            partition.Batch.Dispose();
            await partition.Writer.DisposeAsync();
        }
    }

    private async ValueTask<OpenPartition> FindAsync(Partition partition, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(partition, out var known))
            return known;
        if (_open.Count == MaxOpen)
        {
            var largest = _open.Values.MaxBy(one => one.Batch.Bytes)!;
            await CloseAsync(largest, cancellationToken);
            _open.Remove(largest.Partition);
        }
        var opened = new OpenPartition(
            partition, await target.OpenAsync(table, partition, cancellationToken), _queue.Rent());
        _open.Add(partition, opened);
        return opened;
    }

    private async Task WriteAsync(OpenPartition partition, CancellationToken cancellationToken)
    {
        _bytes -= partition.Batch.Bytes;
        await _queue.WriteAsync(partition.Writer, partition.Batch, cancellationToken);
        partition.Batch = _queue.Rent();
    }

    private async Task CloseAsync(OpenPartition partition, CancellationToken cancellationToken)
    {
        if (partition.Batch.Rows > 0)
            await WriteAsync(partition, cancellationToken);
        await _queue.CompleteAsync();
        await partition.Writer.CompleteAsync(cancellationToken);
        await partition.Writer.DisposeAsync();
    }

    private sealed class OpenPartition(Partition partition, ITableWriter writer, RowBatch batch)
    {
        public Partition Partition => partition;

        public ITableWriter Writer => writer;

        public RowBatch Batch { get; set; } = batch;
    }
}
