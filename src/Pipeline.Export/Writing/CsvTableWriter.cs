using System.Buffers;
using System.Globalization;
using System.Text;
using nietras.SeparatedValues;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;

namespace Pipeline.Export.Writing;

/// <summary>Writes CSV (RFC 4180): commas, a header, quotes if needed, LF. A missing value is an empty cell.</summary>
/// <param name="table">The table.</param>
/// <param name="stream">The file; stays open.</param>
/// <param name="forSpreadsheets">
/// Whether to guard texts that look like formulas, and to begin the file with a byte order mark, without which Excel
/// reads UTF-8 in the code page of the machine.
/// </param>
internal sealed class CsvTableWriter(Table table, Stream stream, bool forSpreadsheets) : ITableWriter
{
    private readonly SepWriter _writer = Start(table, stream, forSpreadsheets);
    private char[] _characters = [];

    /// <inheritdoc/>
    public Task WriteAsync(RowBatch batch, CancellationToken cancellationToken)
    {
        for (var row = 0; row < batch.Rows; row++)
            WriteRow(batch, row);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        _writer.Flush();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _writer.Dispose();
        if (_characters.Length > 0)
            ArrayPool<char>.Shared.Return(_characters);
        _characters = [];
        return ValueTask.CompletedTask;
    }

    private static SepWriter Start(Table table, Stream stream, bool forSpreadsheets)
    {
        var text = new StreamWriter(
            stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: forSpreadsheets), 64 * 1024, leaveOpen: true)
        {
            NewLine = "\n",
        };
        var writer = Sep.New(',').Writer(options => options with { Escape = true }).To(text);
        writer.Header.Add(table.Columns.Select(column => column.Name).ToArray());
        return writer;
    }

    private void WriteRow(RowBatch batch, int row)
    {
        using var cells = _writer.NewRow();
        for (var column = 0; column < batch.Columns.Count; column++)
            cells[column].Set(Format(batch.Columns[column], row));
    }

    private ReadOnlySpan<char> Format(ColumnValues values, int row)
    {
        if (!values.Present[row])
            return [];
        return values.Column.Kind switch
        {
            ColumnKind.Number => values.Numbers[row].ToString(CultureInfo.InvariantCulture),
            ColumnKind.Boolean => values.Numbers[row] != 0 ? "true" : "false",
            ColumnKind.Time => Times.TextOf(values.Numbers[row]),
            _ => Decode(values.Texts[row].Span),
        };
    }

    /// <summary>
    /// Decodes a text. NUL becomes U+FFFD, because many readers of CSV, including PostgreSQL, refuse a file with NUL.
    /// </summary>
    private ReadOnlySpan<char> Decode(ReadOnlySpan<byte> utf8)
    {
        if (_characters.Length <= utf8.Length)
        {
            if (_characters.Length > 0)
                ArrayPool<char>.Shared.Return(_characters);
            _characters = ArrayPool<char>.Shared.Rent(utf8.Length + 1);
        }
        // One character for an apostrophe.
        var text = _characters.AsSpan(1, Encoding.UTF8.GetChars(utf8, _characters.AsSpan(1)));
        text.Replace('\0', '\uFFFD');
        if (!forSpreadsheets || !FormulaGuard.IsRisky(text))
            return text;
        _characters[0] = '\'';
        return _characters.AsSpan(0, text.Length + 1);
    }
}
