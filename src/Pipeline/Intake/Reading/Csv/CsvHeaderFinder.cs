using System.Text;

namespace Pipeline.Intake.Reading.Csv;

/// <summary>The header row of a CSV list and its position.</summary>
/// <param name="Header">The row.</param>
/// <param name="Line">Its line number, from 1.</param>
/// <param name="Preamble">
/// Number of lines above it that are neither blank nor comments, such as an export's title.
/// </param>
/// <param name="HasSeparator">Whether a line <c>sep=</c> above it names the delimiter, as Excel writes it.</param>
internal sealed record CsvHeaderMatch(CsvHeader Header, int Line, int Preamble, bool HasSeparator)
{
    /// <summary>
    /// Whether it has no URL column, but the row below has the same number of cells and one of them is a URL. The user
    /// must then name the URL column.
    /// </summary>
    public bool IsAboveUrls { get; init; }
}

/// <summary>
/// Finds the header row of a CSV list: the first row with a URL column, unless a row above it contains a URL. Without
/// such a row, the header is the row of names directly above the first URL, otherwise the first row.
/// </summary>
internal static class CsvHeaderFinder
{
    private const int MaxPreamble = 20;

    private static readonly byte[] Delimiters = [.. ",\t;|"u8];

    /// <summary>Finds the header row. Returns null if there is no complete line.</summary>
    /// <param name="head">The first bytes of the list.</param>
    /// <param name="isWhole">Whether this is the whole list.</param>
    /// <param name="urlColumn">Name of the URL column in the file; null for <c>url</c>.</param>
    public static CsvHeaderMatch? Find(ReadOnlySpan<byte> head, bool isWhole, string? urlColumn)
    {
        CsvHeaderMatch? first = null;
        CsvHeaderMatch? above = null;
        byte? separator = null;
        var preamble = 0;
        for (var lines = new ContentLines(head, isWhole); lines.MoveNext(); )
        {
            if (first is null && separator is null && SeparatorOf(lines.Line) is { } stated)
            {
                separator = stated;
                continue;
            }
            var found = new CsvHeaderMatch(
                Split(lines.Line, separator, urlColumn), lines.Number, preamble, separator is not null);
            first ??= found;
            if (found.Header.UrlColumn >= 0)
                return found;
            if (found.Header.HasUrlCell)
                return above is not null && IsAbove(above.Header, lines.Line)
                    ? above with { IsAboveUrls = true }
                    : first;
            if (++preamble > MaxPreamble)
                return first;
            above = found;
        }
        return first;
    }

    /// <summary>
    /// Splits a row at the delimiter that yields a URL column, otherwise at the one that yields the most cells.
    /// </summary>
    public static CsvHeader Split(ReadOnlySpan<byte> line, byte? separator, string? urlColumn)
    {
        var row = line.ToArray();
        CsvHeader? best = null;
        var fields = new List<ReadOnlyMemory<byte>>();
        foreach (var delimiter in separator is { } stated ? [stated] : Delimiters)
        {
            if (!CsvRecord.TrySplit(row, delimiter, fields))
                continue;
            var header = new CsvHeader(delimiter, row, fields.Select(f => Encoding.UTF8.GetString(f.Span)), urlColumn);
            if (best is null || IsBetter(header, best))
                best = header;
        }
        return best ?? new CsvHeader((byte)',', row, [], urlColumn);
    }

    private static bool IsBetter(CsvHeader header, CsvHeader best)
    {
        var hasUrl = header.UrlColumn >= 0;
        return hasUrl == (best.UrlColumn >= 0) ? header.Columns.Count > best.Columns.Count : hasUrl;
    }

    private static bool IsAbove(CsvHeader header, ReadOnlySpan<byte> line)
    {
        if (header.Columns.Count < 2)
            return false;
        var row = Split(line, header.Delimiter, null);
        return row.Columns.Count == header.Columns.Count && row.HasUrlCell;
    }

    // Excel takes the delimiter from a line such as "sep=;" and does not show that line.
    private static byte? SeparatorOf(ReadOnlySpan<byte> line)
    {
        line = line.Trim((byte)'"');
        return line.Length == 5 && Ascii.EqualsIgnoreCase(line[..4], "sep="u8) && Delimiters.Contains(line[4])
            ? line[4]
            : null;
    }
}
