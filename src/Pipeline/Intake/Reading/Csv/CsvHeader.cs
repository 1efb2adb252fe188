using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Intake.Reading.Csv;

/// <summary>The header row of a CSV list: its delimiter and the meaning of each column.</summary>
internal sealed class CsvHeader
{
    // Common names of the URL column, likeliest first.
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

    /// <summary>Creates a header from its row.</summary>
    /// <param name="delimiter">The delimiter between cells.</param>
    /// <param name="row">The row, without its line end.</param>
    /// <param name="cells">The cells of the row.</param>
    /// <param name="urlColumn">Name of the URL column in the file; null for <c>url</c>.</param>
    public CsvHeader(byte delimiter, ReadOnlySpan<byte> row, IEnumerable<string> cells, string? urlColumn)
    {
        _row = row.Trim(" \t"u8).ToArray();
        Columns = [.. cells];
        Names = [.. Columns.Select(cell => NameOf(cell, urlColumn))];
        // A file with one column needs no delimiter, and URLs often contain commas.
        Delimiter = Columns.Count > 1 ? delimiter : CsvRecord.NoDelimiter;
        UrlColumn = Names.IndexOf("url");
        Kept = Names
            .Where(name => name.Length > 0 && ExtractionFields.Find(name) is null && !DeliveryFields.Contains(name))
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Comma, tab, semicolon or bar; <see cref="CsvRecord.NoDelimiter"/> for a single column.</summary>
    public byte Delimiter { get; }

    /// <summary>The column names as written in the file.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>
    /// The field name of each column: extraction fields in the API's spelling, others as written in the file. Empty for
    /// a column without a name.
    /// </summary>
    public List<string> Names { get; }

    /// <summary>Names that are not extraction fields. They stay with the input and are not sent.</summary>
    public IReadOnlySet<string> Kept { get; }

    /// <summary>Index of the URL column, or -1.</summary>
    public int UrlColumn { get; }

    /// <summary>Whether a cell is a URL. Such a row is not a header.</summary>
    public bool HasUrlCell => Columns.Any(IsUrl);

    /// <summary>Whether a row repeats the header, as in concatenated files.</summary>
    public bool IsRepeatedBy(ReadOnlySpan<byte> row) => row.Trim(" \t"u8).SequenceEqual(_row);

    /// <summary>Returns this header if a list can use it.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: the row holds a URL, lacks <paramref name="urlColumn"/>, or has a column twice.
    /// </exception>
    public CsvHeader Checked(string? urlColumn)
    {
        if (HasUrlCell)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                "The CSV list starts with a URL instead of a header row. Put the column names in its first line: "
                    + "url,country,...");
        }
        if (urlColumn is not null && !Columns.Any(cell => Is(cell, urlColumn)))
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The CSV list has no column '{VisibleText.Of(urlColumn)}'. {Describe()}");
        if (Names.Where(n => n.Length > 0).GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The header of the CSV list has the column '{VisibleText.Of(twice.Key)}' twice. Remove or rename one "
                    + "of them.");
        }
        return this;
    }

    /// <summary>The error for a list without any URL whose header has no URL column.</summary>
    public PipelineException WithoutUrls() =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            $"The CSV list has no column 'url'. {Describe()} Name the column that holds the URLs: --url-column "
                + $"{Quoted(LikelyUrl ?? "NAME")}");

    private string? LikelyUrl =>
        LikelyUrls
            .Select(name => Columns.FirstOrDefault(c => c.Equals(name, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(c => c is not null)
        ?? Columns.FirstOrDefault(c =>
            LikelyUrls.Append("url").Any(name => c.Contains(name, StringComparison.OrdinalIgnoreCase)));

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
