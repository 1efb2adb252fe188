using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Export.Writing;
using Pipeline.Stores.Local;

namespace Pipeline.Export.Targets;

/// <summary>A file with one table, under a temporary name until it is committed.</summary>
internal sealed class TableFile : ITableWriter
{
    private readonly AtomicFile _file;
    private readonly ITableWriter _writer;

    private TableFile(AtomicFile file, ITableWriter writer) => (_file, _writer) = (file, writer);

    /// <summary>Bytes written so far.</summary>
    public long Bytes => _file.Stream.Position;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="table">The table.</param>
    /// <param name="style">The style; not SQLite.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    public static async Task<TableFile> CreateAsync(
        string path, Table table, FileStyle style, CancellationToken cancellationToken)
    {
        var file = new AtomicFile(path);
        try
        {
            return new(file, await StartAsync(file.Stream, table, style, cancellationToken));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Starts a table on a stream, which stays open.</summary>
    public static async Task<ITableWriter> StartAsync(
        Stream stream, Table table, FileStyle style, CancellationToken cancellationToken) => style.Format switch
        {
            ExportFormat.Csv => new CsvTableWriter(table, stream, style.ForSpreadsheets),
            ExportFormat.Ndjson => new NdjsonTableWriter(stream),
            _ => await ParquetTableWriter.CreateAsync(table, stream, style.Compression, cancellationToken),
        };

    /// <inheritdoc/>
    public Task WriteAsync(RowBatch batch, CancellationToken cancellationToken) =>
        _writer.WriteAsync(batch, cancellationToken);

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken) => _writer.CompleteAsync(cancellationToken);

    /// <summary>Makes the completed file visible.</summary>
    public void Commit() => _file.Commit();

    /// <summary>Removes the file unless it was committed.</summary>
    public void Discard() => _file.Dispose();

    /// <summary>Keeps the file for its commit.</summary>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
