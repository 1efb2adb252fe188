using Pipeline.Export.Rows;

namespace Pipeline.Export.Writing;

/// <summary>Writes the rows of one table to one file.</summary>
internal interface ITableWriter : IAsyncDisposable
{
    /// <summary>Writes the rows of a batch, which may be reused afterwards.</summary>
    Task WriteAsync(RowBatch batch, CancellationToken cancellationToken);

    /// <summary>Writes the end of the file. Without it, the file is incomplete.</summary>
    Task CompleteAsync(CancellationToken cancellationToken);
}
