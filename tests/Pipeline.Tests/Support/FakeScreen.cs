using System.Globalization;
using System.Text;
using Pipeline.Cli;

namespace Pipeline.Tests.Support;

/// <summary>
/// A terminal that interprets what <see cref="LiveLines"/> writes: line feeds, carriage returns, cursor up, erase below
/// and colours. It wraps long lines, and wraps them again when it is resized.
/// </summary>
internal sealed class FakeScreen(int width) : StringWriter
{
    private readonly List<string> _rows = [""];
    private int _row;
    private int _column;

    public int Width { get; private set; } = width;

    /// <summary>What it shows.</summary>
    public IReadOnlyList<string> Lines => _rows;

    public override void Write(string? value)
    {
        var text = value!;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\u001b')
                at = Obey(text, at);
            else if (text[at] == '\n')
                Feed();
            else if (text[at] == '\r')
                _column = 0;
            else
                Put(text[at]);
        }
    }

    public void Resize(int columns)
    {
        var wrapped = _rows.SelectMany(row => row.Chunk(columns).Select(chunk => new string(chunk)).DefaultIfEmpty(""));
        var rows = wrapped.ToList();
        Width = columns;
        _rows.Clear();
        _rows.AddRange(rows);
        (_row, _column) = (_rows.Count - 1, _rows[^1].Length);
    }

    private int Obey(string text, int at)
    {
        var end = at + 2;
        while (!char.IsAsciiLetter(text[end]))
            end++;
        var number = text[(at + 2)..end];
        switch (text[end])
        {
            case 'A':
                _row -= int.Parse(number, CultureInfo.InvariantCulture);
                break;
            case 'J':
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                _rows[_row] = _rows[_row][..Math.Min(_column, _rows[_row].Length)];
                break;
            case 'm':
                break;
            default:
                throw new NotSupportedException(text[at..(end + 1)]);
        }
        return end;
    }

    private void Feed()
    {
        if (++_row == _rows.Count)
            _rows.Add("");
        _column = 0;
    }

    private void Put(char letter)
    {
        if (LiveLines.WidthOf(_rows[_row][..Math.Min(_column, _rows[_row].Length)] + letter) > Width)
            Feed();
        var row = new StringBuilder(_rows[_row].PadRight(_column));
        row.Length = Math.Max(row.Length, _column + 1);
        row[_column++] = letter;
        _rows[_row] = row.ToString();
    }
}
