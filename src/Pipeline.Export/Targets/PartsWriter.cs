using System.Globalization;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Export.Writing;

namespace Pipeline.Export.Targets;

/// <summary>Writes a table to files <c>part-0</c>, <c>part-1</c> and so on, each of about the same size.</summary>
/// <param name="folder">The folder; created with the first file.</param>
/// <param name="table">The table.</param>
/// <param name="style">The style of the files.</param>
/// <param name="partBytes">The size at which a file ends.</param>
internal sealed class PartsWriter(string folder, Table table, FileStyle style, long partBytes) : ITableWriter
{
    private FileStream? _file;
    private ITableWriter? _writer;

    /// <summary>The name of a part.</summary>
    public static string NameOf(int part, FileStyle style) =>
        string.Create(CultureInfo.InvariantCulture, $"part-{part}{style.Extension}");

    /// <inheritdoc/>
    public async Task WriteAsync(RowBatch batch, CancellationToken cancellationToken)
    {
        if (_file?.Position >= partBytes)
            await CompleteAsync(cancellationToken);
        if (_writer is null)
            await StartAsync(cancellationToken);
        await _writer!.WriteAsync(batch, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_writer is null)
            return;
        await _writer.CompleteAsync(cancellationToken);
        _file!.Flush(flushToDisk: true);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_writer is not null)
            await _writer.DisposeAsync();
        if (_file is not null)
            await _file.DisposeAsync();
        (_writer, _file) = (null, null);
    }

    // The partition may have been closed and reopened, so find the next free number.
    private async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var part = 0;
        while (File.Exists(Path.Combine(folder, NameOf(part, style))))
            part++;
        _file = new(
            Path.Combine(folder, NameOf(part, style)), FileMode.CreateNew, FileAccess.Write, FileShare.Read, 64 * 1024);
        _writer = await TableFile.StartAsync(_file, table, style, cancellationToken);
    }
}
