using System.Globalization;

namespace Pipeline.Cli;

/// <summary>
/// A table of plain lines: one line for each row, however wide the terminal is, so that <c>grep</c> finds an id together with what is
/// said of it. The id stands first, and the longest text last.
/// </summary>
internal static class Columns
{
    private const string Gap = "  ";

    /// <summary>Lines of which every cell begins where its column does.</summary>
    public static IEnumerable<string> Align(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        rows = [.. rows.Select(row => row.Select(cell => cell.ReplaceLineEndings(" ")).ToList())];
        var widths = rows.Count == 0 ? [] : rows[0].Select((_, column) => rows.Max(row => WidthOf(row[column]))).ToList();
        return rows.Select(row => string.Join(Gap, row.Select((cell, column) => cell + new string(' ', widths[column] - WidthOf(cell)))).TrimEnd());
    }

    // Letters, and not bytes or halves of a pair.
    private static int WidthOf(string cell) => new StringInfo(cell).LengthInTextElements;
}
