using System.Buffers;
using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;

namespace Pipeline.Export.Writing;

/// <summary>Writes Parquet: each batch is a row group.</summary>
internal sealed class ParquetTableWriter : ITableWriter
{
    // Parquet.Net keeps the last used buffers of pages.
    private const int KeptBytes = 32 << 20;

    private readonly ParquetWriter _writer;
    private readonly IReadOnlyList<DataField> _stored;

    private ParquetTableWriter(ParquetWriter writer, IReadOnlyList<DataField> stored) =>
        (_writer, _stored) = (writer, stored);

    /// <summary>Starts a file.</summary>
    /// <param name="table">The table.</param>
    /// <param name="stream">The file; stays open.</param>
    /// <param name="compression">The compression of all columns.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    public static async Task<ParquetTableWriter> CreateAsync(
        Table table, Stream stream, ParquetCompression compression, CancellationToken cancellationToken)
    {
        var options = new ParquetOptions
        {
            CompressionMethod = compression == ParquetCompression.Zstd
                ? CompressionMethod.Zstd
                : CompressionMethod.Snappy,
            CompressionLevel = CompressionLevel.Fastest,
            MaximumSmallPoolFreeBytes = KeptBytes,
            MaximumLargePoolFreeBytes = KeptBytes,
        };
        var schema = new ParquetSchema(table.Columns.Select(Declared));
        var stored = table.Columns.Select(Stored).ToList();
        // A field can be written only if it belongs to some schema.
        _ = new ParquetSchema(stored);
        var writer = await ParquetWriter.CreateAsync(
            schema, stream, options, cancellationToken: cancellationToken);
        writer.CustomMetadata = new Dictionary<string, string> { ["schema"] = table.Schema };
        return new(writer, stored);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(RowBatch batch, CancellationToken cancellationToken)
    {
        using var group = _writer.CreateRowGroup();
        var levels = ArrayPool<int>.Shared.Rent(batch.Rows);
        try
        {
            foreach (var (field, values) in _stored.Zip(batch.Columns))
            {
                var present = FillLevels(values, levels, batch.Rows);
                await WriteAsync(group, field, values, levels.AsMemory(0, batch.Rows), present, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(levels);
        }
        group.CompleteValidate();
    }

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken) => _writer.DisposeAsync().AsTask();

    /// <summary>Does nothing: Parquet.Net writes the end of the file when its writer is disposed.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static int FillLevels(ColumnValues values, int[] levels, int rows)
    {
        var present = 0;
        for (var row = 0; row < rows; row++)
            present += levels[row] = values.Present[row] ? 1 : 0;
        return present;
    }

    private static Task WriteAsync(
        ParquetRowGroupWriter group, DataField field, ColumnValues values, ReadOnlyMemory<int> levels, int present,
        CancellationToken cancellationToken) => values.Column.Kind switch
        {
            ColumnKind.Number or ColumnKind.Time =>
                WriteAsync(group, field, values.Numbers, number => number, levels, present, cancellationToken),
            ColumnKind.Boolean =>
                WriteAsync(group, field, values.Numbers, number => number != 0, levels, present, cancellationToken),
            _ => WriteAsync(group, field, values.Texts, text => text, levels, present, cancellationToken),
        };

    /// <summary>Writes the existing values; the levels say which rows have one.</summary>
    private static Task WriteAsync<TValue, TStored>(
        ParquetRowGroupWriter group, DataField field, ReadOnlySpan<TValue> values, Func<TValue, TStored> convert,
        ReadOnlyMemory<int> levels, int present, CancellationToken cancellationToken)
        where TStored : struct
    {
        // A new array for each column would be large, and memory would grow during a long export.
        var stored = ArrayPool<TStored>.Shared.Rent(present);
        for (var (row, next) = (0, 0); next < present; row++)
            if (levels.Span[row] == 1)
                stored[next++] = convert(values[row]);
        return WriteRentedAsync(group, field, stored, present, levels, cancellationToken);
    }

    private static async Task WriteRentedAsync<TStored>(
        ParquetRowGroupWriter group, DataField field, TStored[] stored, int present, ReadOnlyMemory<int> levels,
        CancellationToken cancellationToken)
        where TStored : struct
    {
        try
        {
            await group.WriteAllPartsAsync<TStored>(
                field, stored.AsMemory(0, present), levels, null, cancellationToken);
        }
        finally
        {
            ArrayPool<TStored>.Shared.Return(stored, clearArray: true);
        }
    }

    /// <summary>The column as readers see it.</summary>
    private static DataField Declared(Column column) => column.Kind switch
    {
        ColumnKind.Number => new DataField(column.Name, typeof(long), isNullable: true),
        ColumnKind.Boolean => new DataField(column.Name, typeof(bool), isNullable: true),
        ColumnKind.Time => new DateTimeDataField(
            column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: true),
        _ => new DataField(column.Name, typeof(string), isNullable: true),
    };

    /// <summary>
    /// The column with the types that the writer takes. Texts are already UTF-8 and times microseconds, as Parquet
    /// stores them. They need not become strings and <see cref="DateTime"/> first.
    /// </summary>
    private static DataField Stored(Column column) => column.Kind switch
    {
        ColumnKind.Boolean => new DataField(column.Name, typeof(bool), isNullable: true),
        ColumnKind.Number or ColumnKind.Time => new DataField(column.Name, typeof(long), isNullable: true),
        _ => new DataField(column.Name, typeof(ReadOnlyMemory<byte>), isNullable: true),
    };
}

/// <summary>How the columns of a Parquet file are compressed.</summary>
internal enum ParquetCompression
{
    /// <summary>Supported by every reader.</summary>
    Snappy,

    /// <summary>Makes files a third smaller, for readers that support it.</summary>
    Zstd,
}
