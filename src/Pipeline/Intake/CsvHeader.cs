namespace Pipeline.Intake;

/// <summary>The header row of a CSV list: the delimiter and what each column is.</summary>
internal sealed class CsvHeader
{
    // What people and exporters call the column, nearest first.
    private static readonly string[] LikelyUrls =
    [
        "product_url",
        "page_url",
        "link",
        "href",
        "address",
        "loc",
        "uri",
        "web",
        "website",
        "site",
        "domain",
    ];

    private readonly byte[] _row;

    /// <summary>A header.</summary>
    /// <param name="delimiter">Between its cells.</param>
    /// <param name="row">The row, without its end.</param>
    /// <param name="cells">Its cells.</param>
    /// <param name="urlColumn">The column of URLs by its name in the file; null for <c>url</c>.</param>
    public CsvHeader(byte delimiter, ReadOnlySpan<byte> row, IEnumerable<string> cells, string? urlColumn)
    {
        _row = row.Trim(" \t"u8).ToArray();
        Columns = [.. cells];
        Names = [.. Columns.Select(cell => NameOf(cell, urlColumn))];
        // A file of one column has nothing to delimit, and commas are common in URLs.
        Delimiter = Columns.Count > 1 ? delimiter : CsvRecord.NoDelimiter;
        UrlColumn = Names.IndexOf("url");
        Kept = Names
            .Where(name => name.Length > 0 && ExtractionFields.Find(name) is null && !DeliveryFields.Contains(name))
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Comma, tab, semicolon or bar; <see cref="CsvRecord.NoDelimiter"/> for one column.</summary>
    public byte Delimiter { get; }

    /// <summary>The columns as the file names them.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>
    /// The fields, by column: extraction fields as the API writes them, others as they stand there; empty for a column
    /// without a name.
    /// </summary>
    public List<string> Names { get; }

    /// <summary>The names that are no extraction fields: they stay with the input and are not sent.</summary>
    public IReadOnlySet<string> Kept { get; }

    /// <summary>The column of the URL, or -1.</summary>
    public int UrlColumn { get; }

    /// <summary>Whether a cell is a URL, so that its row is no header.</summary>
    public bool HasUrlCell => Columns.Any(IsUrl);

    /// <summary>Whether a row is the header once more, as in files that are joined end to end.</summary>
    public bool IsRepeatedBy(ReadOnlySpan<byte> row) => row.Trim(" \t"u8).SequenceEqual(_row);

    /// <summary>Checks that a list can have this header.</summary>
    /// <exception cref="PipelineException">Permanent: it cannot.</exception>
    public CsvHeader Checked(string? urlColumn)
    {
        if (HasUrlCell)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                "The CSV list begins with a URL instead of a header row. Write the names of the columns into its first "
                    + "line: url,country,..."
            );
        }
        if (urlColumn is not null && !Columns.Any(cell => Is(cell, urlColumn)))
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The CSV list has no column '{VisibleText.Of(urlColumn)}'. {Describe()}"
            );
        if (Names.Where(n => n.Length > 0).GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The header of the CSV list has the column '{VisibleText.Of(twice.Key)}' twice. Remove or rename one "
                    + "of them."
            );
        }
        return this;
    }

    /// <summary>What a list is told that has no URL at all and whose header has no column of them.</summary>
    public PipelineException WithoutUrls() =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"The CSV list has no column 'url'. {Describe()} Name the column of URLs: --url-column "
                + $"{Quoted(LikelyUrl ?? "NAME")}"
        );

    private string? LikelyUrl =>
        LikelyUrls
            .Select(name => Columns.FirstOrDefault(c => c.Equals(name, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(c => c is not null)
        ?? Columns.FirstOrDefault(c =>
            LikelyUrls.Append("url").Any(name => c.Contains(name, StringComparison.OrdinalIgnoreCase))
        );

    private string Describe() => $"Its columns are {string.Join(", ", Columns.Select(c => $"'{VisibleText.Of(c)}'"))}.";

    private static string Quoted(string name) =>
        name.Contains(' ') ? $"'{VisibleText.Of(name)}'" : VisibleText.Of(name);

    private static string NameOf(string cell, string? urlColumn)
    {
        var name = cell.Trim();
        return urlColumn is not null && Is(name, urlColumn) ? "url" : ExtractionFields.Find(name) ?? name;
    }

    private static bool Is(string cell, string name) =>
        cell.Trim().Equals(name.Trim(), StringComparison.OrdinalIgnoreCase);

    private static bool IsUrl(string cell) =>
        cell.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || cell.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
