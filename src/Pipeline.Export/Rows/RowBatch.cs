using Pipeline.Export.Tables;

namespace Pipeline.Export.Rows;

/// <summary>
/// Some rows of a table, column by column. A batch is a row group of a Parquet file or a transaction of SQLite, so its
/// size bounds the memory of an export.
/// </summary>
internal sealed class RowBatch(Table table) : IDisposable
{
    /// <summary>
    /// Bytes of texts after which a batch is full. Parquet's usual 128 MB would need a multiple of that in memory.
    /// </summary>
    public const long FullBytes = 6 << 20;

    /// <summary>Rows after which a batch is full.</summary>
    public const int FullRows = 64 * 1024;

    /// <summary>The columns, in the order of the table.</summary>
    public IReadOnlyList<ColumnValues> Columns { get; } =
        [.. table.Columns.Select(column => new ColumnValues(column))];

    /// <summary>The memory of the texts.</summary>
    public ValueArena Texts { get; } = new();

    /// <summary>Number of complete rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Bytes of all texts of complete rows.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the batch should be written before more rows are added.</summary>
    public bool IsFull => Bytes >= FullBytes || Rows >= FullRows;

    /// <summary>Starts a row without values. Values are set on it until <see cref="EndRow"/>.</summary>
    public void BeginRow()
    {
        foreach (var column in Columns)
            column.Open(Rows);
    }

    /// <summary>Adds the row.</summary>
    public void EndRow()
    {
        foreach (var column in Columns)
            Bytes += column.BytesOf(Rows);
        Rows++;
    }

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        foreach (var column in Columns)
            column.Clear(Rows);
        Texts.Clear();
        (Rows, Bytes) = (0, 0);
    }

    public void Dispose() => Texts.Dispose();
}
