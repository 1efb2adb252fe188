using Microsoft.Extensions.Options;
using Pipeline.Export.Reading;
using Pipeline.Export.Rows;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Writing;
using Pipeline.IO;
using Pipeline.Options;

namespace Pipeline.Export.Closing;

/// <summary>Writes one Parquet file of a list to a temporary file.</summary>
internal sealed class PartWriter(IOptions<PipelineOptions> options)
{
    /// <summary>Reads rows from a position until the file is full or there are no more rows.</summary>
    /// <param name="table">The table.</param>
    /// <param name="files">The files of its rows, starting with that of the position.</param>
    /// <param name="from">The position.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public async Task<WrittenPart> WriteAsync(
        Table table, IAsyncEnumerable<ResultFile> files, ExportPlace from, CancellationToken cancellationToken)
    {
        var part = PrivateFiles.CreateTemporary(options.Value.Collect.SpillFolder, bufferBytes: 64 * 1024);
        try
        {
            await using var writer = await ParquetTableWriter.CreateAsync(
                table, part, ParquetCompression.Snappy, cancellationToken);
            using var batch = new RowBatch(table);
            var (rows, next) = await FillAsync(table, writer, part, batch, files, from, cancellationToken);
            if (batch.Rows > 0)
                await writer.WriteAsync(batch, cancellationToken);
            await writer.CompleteAsync(cancellationToken);
            await part.FlushAsync(cancellationToken);
            part.Position = 0;
            return new(part, rows, next);
        }
        catch
        {
            await part.DisposeAsync();
            throw;
        }
    }

    private async Task<(long Rows, ExportPlace? Next)> FillAsync(
        Table table, ParquetTableWriter writer, FileStream part, RowBatch batch, IAsyncEnumerable<ResultFile> files,
        ExportPlace from, CancellationToken cancellationToken)
    {
        using var scanner = new RowScanner(table, options.Value.Export.Content == ExportedContent.Inline);
        var (rows, number) = (0L, from.File - 1);
        await foreach (var file in files.WithCancellation(cancellationToken))
        {
            await using var _ = file;
            number++;
            using var lines = new RowFile(file.Stream, file.Name, file.Skipped);
            while (number == from.File && lines.Line < from.Line && await lines.SkipAsync(cancellationToken))
                continue;
            while (await lines.PeekAsync(cancellationToken) is not null
                && await lines.ReadAsync(scanner, batch, cancellationToken))
            {
                rows++;
                if (!batch.IsFull)
                    continue;
                await writer.WriteAsync(batch, cancellationToken);
                batch.Clear();
                if (part.Position >= options.Value.Export.PartBytes)
                    return (rows, new(number, lines.Line));
            }
            file.Check(lines.Line);
        }
        return (rows, null);
    }
}

/// <summary>A file that was written.</summary>
/// <param name="Content">The content, from its start; deleted when it is disposed.</param>
/// <param name="Rows">Number of its rows.</param>
/// <param name="Next">Position of the next file; null if there are no more rows.</param>
internal sealed record WrittenPart(Stream Content, long Rows, ExportPlace? Next) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
