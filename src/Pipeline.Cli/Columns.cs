namespace Pipeline.Cli;

/// <summary>
/// A table of plain lines, one per row whatever the width of the terminal, so that <c>grep</c> finds an id together
/// with its row. Put the id first and the longest text last.
/// </summary>
internal static class Columns
{
    private const string Gap = "  ";

    /// <summary>Aligns the cells of all rows; leaves out columns that are empty except for their name.</summary>
    public static IEnumerable<string> Align(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var filled = Enumerable.Range(0, rows[0].Count).Where(
            column => rows.Skip(1).Any(row => row[column].Length > 0)).ToList();
        rows = [.. rows.Select(row => filled.Select(column => row[column].ReplaceLineEndings(" ")).ToList())];
        var widths = rows[0].Select((_, column) => rows.Max(row => WidthOf(row[column]))).ToList();
        return rows.Select(
            row =>
                string.Join(
                    Gap,
                    row.Select((cell, column) => cell + new string(' ', widths[column] - WidthOf(cell)))).TrimEnd());
    }

    private static int WidthOf(string cell) => LiveLines.WidthOf(cell);
}
