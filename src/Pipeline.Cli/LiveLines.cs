using System.Globalization;
using System.Text;
using Pipeline.Emulator;
using Spectre.Console.Rendering;

namespace Pipeline.Cli;

/// <summary>
/// The last lines of a terminal, drawn again and again, while other lines scroll by above them. Each drawing is one
/// write that erases what was there, so nothing of an older drawing stays beside a shorter line.
/// </summary>
/// <remarks>The cursor is never hidden, so a process that is killed leaves the terminal usable.</remarks>
/// <param name="writer">The terminal's raw writer.</param>
/// <param name="width">The terminal's width now; it may change at any time.</param>
internal sealed class LiveLines(TextWriter writer, Func<int> width)
{
    private const string ToLineStart = "\r";
    private const string EraseBelow = "\u001b[J";

    private readonly Lock _lock = new();
    private IReadOnlyList<string> _drawn = [];

    /// <summary>Draws the lines in place of those that were drawn before. Longer ones are folded.</summary>
    public void Draw(IEnumerable<string> lines)
    {
        lock (_lock)
        {
            // A line that fills the last column would make some terminals wrap.
            var most = Math.Max(1, width() - 1);
            var folded = lines.SelectMany(line => Prose.Fold(CleanText.Clean(line), most, indent: 0).Split('\n'))
                .Select(line => Cut(line, most)).ToList();
            Write(Erase().Append(string.Join('\n', folded)));
            _drawn = folded;
        }
    }

    /// <summary>Writes a line above the drawn ones.</summary>
    /// <param name="line">The line.</param>
    /// <param name="style">How it looks, as parameters of SGR; empty for plain.</param>
    public void WriteAbove(string line, string style = "")
    {
        lock (_lock)
        {
            var text = Prose.Fold(CleanText.Clean(line), width(), indent: 0);
            Write(Erase()
                .Append(style.Length == 0 ? text : $"\u001b[{style}m{text}\u001b[0m").Append('\n')
                .Append(string.Join('\n', _drawn)));
        }
    }

    /// <summary>Removes the drawn lines.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            Write(Erase());
            _drawn = [];
        }
    }

    /// <summary>The number of columns that a text takes; a wide character takes two.</summary>
    public static int WidthOf(string text) => new Segment(text).CellCount();

    // A terminal that became narrower has wrapped what was drawn.
    private StringBuilder Erase()
    {
        var rows = _drawn.Sum(line => Math.Max(1, (WidthOf(line) + width() - 1) / Math.Max(1, width())));
        return new StringBuilder(ToLineStart)
            .Append(rows > 1 ? string.Create(CultureInfo.InvariantCulture, $"\u001b[{rows - 1}A") : "")
            .Append(EraseBelow);
    }

    private void Write(StringBuilder text)
    {
        writer.Write(text.ToString());
        writer.Flush();
    }

    private static string Cut(string line, int most)
    {
        while (WidthOf(line) > most)
        {
            var elements = StringInfo.ParseCombiningCharacters(line);
            line = line[..elements[^1]];
        }
        return line;
    }
}
