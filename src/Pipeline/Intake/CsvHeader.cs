using System.Text;

namespace Pipeline.Intake;

/// <summary>The header row of a CSV list: the delimiter and the fields.</summary>
internal sealed class CsvHeader
{
    private static readonly byte[] Delimiters = [.. ",\t;|"u8];

    private CsvHeader(byte delimiter, IReadOnlyList<string> names)
    {
        Delimiter = delimiter;
        Names = names;
        UrlColumn = names.ToList().IndexOf("url");
    }

    /// <summary>Comma, tab, semicolon or bar.</summary>
    public byte Delimiter { get; }

    /// <summary>The fields, by column; empty for a column without a name.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The column of the URL, or -1.</summary>
    public int UrlColumn { get; }

    /// <summary>Whether a line is a header: one of its cells is <c>url</c>.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> line) => Read(line.ToArray()).UrlColumn >= 0;

    /// <summary>Reads the header row.</summary>
    /// <exception cref="PipelineException">Permanent: no header a list can have.</exception>
    public static CsvHeader Parse(ReadOnlyMemory<byte> line)
    {
        var header = Read(line);
        if (header.Names.Any(n => UrlRules.Check(n) is null))
        {
            throw PipelineException.Permanent(FailureReasons.InvalidInput,
                "The CSV list begins with a URL instead of a header row. Write the names of the columns into its first line: url,country,...");
        }
        if (header.Names.Where(n => n.Length > 0).GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw PipelineException.Permanent(FailureReasons.InvalidInput,
                $"The header of the CSV list has the column '{twice.Key}' twice. Remove or rename one of them.");
        }
        return header;
    }

    private static CsvHeader Read(ReadOnlyMemory<byte> line)
    {
        CsvHeader? best = null;
        var fields = new List<ReadOnlyMemory<byte>>();
        foreach (var delimiter in Delimiters)
        {
            if (!CsvRecord.TrySplit(line, delimiter, fields))
                continue;
            var header = new CsvHeader(delimiter, [.. fields.Select(f => Name(f.Span))]);
            if (best is null || (header.UrlColumn >= 0, header.Names.Count).CompareTo((best.UrlColumn >= 0, best.Names.Count)) > 0)
                best = header;
        }
        return best ?? new CsvHeader((byte)',', []);
    }

    private static string Name(ReadOnlySpan<byte> cell)
    {
        var name = Encoding.UTF8.GetString(cell).Trim();
        return name.Equals("url", StringComparison.OrdinalIgnoreCase) ? "url" : name;
    }
}
