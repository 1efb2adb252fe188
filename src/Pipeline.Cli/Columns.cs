using System.Globalization;

namespace Pipeline.Cli;

/// <summary>
/// A table of plain lines: one line for each row, however wide the terminal is, so that <c>grep</c> finds an id together with what is
/// said of it. The id stands first, and the longest text last.
/// </summary>
internal static class Columns
{
    private const string Gap = "  ";

    /// <summary>Lines of which every cell begins where its column does, without columns that are empty but for their name.</summary>
    public static IEnumerable<string> Align(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var filled = Enumerable.Range(0, rows[0].Count).Where(column => rows.Skip(1).Any(row => row[column].Length > 0)).ToList();
        rows = [.. rows.Select(row => filled.Select(column => row[column].ReplaceLineEndings(" ")).ToList())];
        var widths = rows[0].Select((_, column) => rows.Max(row => WidthOf(row[column]))).ToList();
        return rows.Select(row => string.Join(Gap, row.Select((cell, column) => cell + new string(' ', widths[column] - WidthOf(cell)))).TrimEnd());
    }

    // Letters, and not bytes or halves of a pair.
    private static int WidthOf(string cell) => new StringInfo(cell).LengthInTextElements;
}
