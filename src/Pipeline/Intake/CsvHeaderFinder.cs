using System.Text;

namespace Pipeline.Intake;

/// <summary>The header row of a CSV list and where it stands.</summary>
/// <param name="Header">The row.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Preamble">Lines above it that are neither blank nor comments: titles that exports begin with.</param>
/// <param name="HasSeparator">Whether a line <c>sep=</c> above it states the delimiter, as Excel writes it.</param>
internal sealed record FoundHeader(CsvHeader Header, int Line, int Preamble, bool HasSeparator);

/// <summary>
/// Finds the header row of a CSV list at its beginning: the first row with a column of URLs, above which no row has a
/// URL in it; else the first row.
/// </summary>
internal static class CsvHeaderFinder
{
    private const int MaxPreamble = 20;

    private static readonly byte[] Delimiters = [.. ",\t;|"u8];

    /// <summary>Finds it; null where there is no whole line.</summary>
    /// <param name="head">The beginning of the list.</param>
    /// <param name="isWhole">Whether that is all of it.</param>
    /// <param name="urlColumn">The column of URLs by its name in the file; null for <c>url</c>.</param>
    public static FoundHeader? Find(ReadOnlySpan<byte> head, bool isWhole, string? urlColumn)
    {
        FoundHeader? first = null;
        byte? separator = null;
        var preamble = 0;
        for (var lines = new ContentLines(head, isWhole); lines.MoveNext(); )
        {
            if (first is null && separator is null && SeparatorOf(lines.Line) is { } stated)
            {
                separator = stated;
                continue;
            }
            var found = new FoundHeader(
                Split(lines.Line, separator, urlColumn),
                lines.Number,
                preamble,
                separator is not null
            );
            first ??= found;
            if (found.Header.UrlColumn >= 0)
                return found;
            if (found.Header.HasUrlCell || ++preamble > MaxPreamble)
                return first;
        }
        return first;
    }

    /// <summary>
    /// The cells of a row, cut at the delimiter that gives a column of URLs, else at the one that gives the most cells.
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
            if (
                best is null
                || (header.UrlColumn >= 0, header.Columns.Count).CompareTo((best.UrlColumn >= 0, best.Columns.Count))
                    > 0
            )
                best = header;
        }
        return best ?? new CsvHeader((byte)',', row, [], urlColumn);
    }

    // "sep=;": Excel takes the delimiter from there and shows the rest.
    private static byte? SeparatorOf(ReadOnlySpan<byte> line)
    {
        line = line.Trim((byte)'"');
        return line.Length == 5 && Ascii.EqualsIgnoreCase(line[..4], "sep="u8) && Delimiters.Contains(line[4])
            ? line[4]
            : null;
    }
}
