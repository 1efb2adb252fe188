using System.Text;

namespace Pipeline.Intake.Reading;

/// <summary>Describes content that is not UTF-8 text, and how to convert it to a list.</summary>
internal static class ForeignContent
{
    // Only this many bytes are searched for NUL. A NUL after them makes only its own line a bad line.
    private const int Examined = 512;

    private static readonly (byte[] Start, string Kind)[] Marks =
    [
        ([0xFF, 0xFE, 0, 0], "UTF-32LE"),
        ([0, 0, 0xFE, 0xFF], "UTF-32BE"),
        ([0xFF, 0xFE], "UTF-16LE"),
        ([0xFE, 0xFF], "UTF-16BE"),
    ];

    private static readonly (byte[] Start, string Kind)[] Files =
    [
        ([.. "PK\u0003\u0004"u8], "an Excel workbook or a ZIP archive"),
        ([0xD0, 0xCF, 0x11, 0xE0], "an Excel workbook"),
        ([.. "%PDF-"u8], "a PDF file"),
        ([.. "PAR1"u8], "a Parquet file"),
        ([.. "SQLite format 3"u8], "an SQLite database"),
    ];

    private static readonly (byte[] Start, string Tool)[] Compressed =
    [
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "xz"),
        ([.. "BZh9"u8], "bzip2"),
    ];

    /// <summary>
    /// Returns the error message for a list that starts with these bytes; null if they may be UTF-8 text.
    /// </summary>
    public static string? Describe(ReadOnlySpan<byte> head)
    {
        foreach (var (start, encoding) in Marks)
            if (head.StartsWith(start))
                return InEncoding(encoding, "");
        foreach (var (start, kind) in Files)
            if (head.StartsWith(start))
                return $"The list is {kind}, not text. Save it as CSV or plain text in UTF-8 and submit that file.";
        if (IsMarkup(head))
            return Markup(head);
        foreach (var (start, tool) in Compressed)
            if (head.StartsWith(start))
                return $"The list is compressed by {tool}, not text. Unpack it and submit the result: "
                    + $"{tool} -dc LIST > urls.txt";
        var examined = head[..Math.Min(head.Length, Examined)];
        var nul = examined.IndexOf((byte)0);
        if (nul < 0)
            return null;
        return Utf16Of(examined) is { } utf16
            ? InEncoding(utf16, " without a byte order mark")
            : $"The list has a NUL byte in line {1 + LineEnds.Count(head[..nul])} (byte {nul + 1}), so it may be a "
                + "binary file. Submit a text file in UTF-8. If it is text, remove the NUL bytes: "
                + @"tr -d '\000' < LIST > urls.txt";
    }

    // An element, a declaration or a comment; not an address in angle brackets.
    private static bool IsMarkup(ReadOnlySpan<byte> head)
    {
        var text = head.TrimStart(" \t\r\n"u8);
        return text.Length > 1 && text[0] == (byte)'<'
            && (text[1] is (byte)'?' or (byte)'!' || char.IsAsciiLetter((char)text[1]))
            && !Ascii.EqualsIgnoreCase(text[1..Math.Min(5, text.Length)], "http"u8);
    }

    private static string Markup(ReadOnlySpan<byte> head) =>
        head.IndexOf("<sitemapindex"u8) >= 0
            ? "The list is an index of sitemaps (XML): its addresses are sitemaps, not pages. Take the URLs from each "
                + "of those sitemaps, one a line."
        : head.IndexOf("<urlset"u8) >= 0
            ? "The list is a sitemap (XML), not lines. Take its URLs and submit those: "
                + @"grep -o '<loc>[^<]*' LIST | sed 's/<loc>//; s/&amp;/\&/g' > urls.txt"
            : "The list is XML or HTML, not a list: it may be an error page that was saved in place of the list. Get "
                + "the list again, as plain text, CSV or JSON.";

    private static string InEncoding(string encoding, string without) =>
        $"The list is {encoding} text{without}, not UTF-8. Convert it and submit the result: "
        + $"iconv -f {(without.Length == 0 ? encoding[..6] : encoding)} -t UTF-8 LIST > urls.txt";

    // In UTF-16, one of the two bytes of each ASCII character is NUL, and URLs are mostly ASCII.
    private static string? Utf16Of(ReadOnlySpan<byte> head)
    {
        var (first, second, pairs) = (0, 0, head.Length / 2);
        for (var i = 0; i < pairs; i++)
        {
            first += head[2 * i] == 0 ? 1 : 0;
            second += head[(2 * i) + 1] == 0 ? 1 : 0;
        }
        if (first + second < (pairs + 1) / 2)
            return null;
        return first == 0 ? "UTF-16LE" : second == 0 ? "UTF-16BE" : null;
    }
}
