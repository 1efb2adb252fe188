using Pipeline.Export.Tables;

namespace Pipeline.Export.Rows;

/// <summary>The values of one column in a batch, one per row.</summary>
internal sealed class ColumnValues(Column column)
{
    private bool[] _present = [];
    private ReadOnlyMemory<byte>[] _texts = [];
    private long[] _numbers = [];

    public Column Column => column;

    /// <summary>For each row whether it has a value.</summary>
    public ReadOnlySpan<bool> Present => _present;

    /// <summary>The texts of a column of texts, UTF-8; undefined where a row has no value.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Texts => _texts;

    /// <summary>
    /// The numbers of any other column; a boolean is 0 or 1. Undefined where a row has no value.
    /// </summary>
    public ReadOnlySpan<long> Numbers => _numbers;

    /// <summary>Adds a row without a value.</summary>
    public void Open(int row)
    {
        if (row == _present.Length)
            Grow(Math.Max(256, 2 * row));
        _present[row] = false;
    }

    public void Set(int row, ReadOnlyMemory<byte> text) => (_present[row], _texts[row]) = (true, text);

    public void Set(int row, long number) => (_present[row], _numbers[row]) = (true, number);

    /// <summary>The bytes of a row's text.</summary>
    public int BytesOf(int row) => column.IsText && _present[row] ? _texts[row].Length : 0;

    /// <summary>Forgets the texts, so that their memory can be reused.</summary>
    public void Clear(int rows) => _texts.AsSpan(0, Math.Min(rows, _texts.Length)).Clear();

    private void Grow(int rows)
    {
        Array.Resize(ref _present, rows);
        if (column.IsText)
            Array.Resize(ref _texts, rows);
        else
            Array.Resize(ref _numbers, rows);
    }
}
