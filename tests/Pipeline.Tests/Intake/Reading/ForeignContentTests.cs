using System.Text;
using Pipeline.Intake.Reading;

namespace Pipeline.Tests.Intake.Reading;

/// <summary>The error for a file that is not UTF-8 text names its kind and says how to convert it.</summary>
public sealed class ForeignContentTests
{
    private const string Urls = "https://a.example/\r\nhttps://b.example/zürich\r\n";

    public static TheoryData<byte[], string> Files =>
        new()
        {
            { [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Urls)], "UTF-16LE text, not UTF-8. Convert it and submit the "
                + "result: iconv -f UTF-16 -t UTF-8 LIST > urls.txt" },
            { [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Urls)], "UTF-16BE text, not UTF-8." },
            { [0xFF, 0xFE, 0, 0, .. Encoding.UTF32.GetBytes(Urls)], "iconv -f UTF-32 -t UTF-8 LIST" },
            { Encoding.Unicode.GetBytes(Urls), "UTF-16LE text without a byte order mark, not "
                + "UTF-8. Convert it and submit "
                + "the result: iconv -f UTF-16LE -t UTF-8 LIST > urls.txt" },
            { Encoding.BigEndianUnicode.GetBytes(Urls), "iconv -f UTF-16BE -t UTF-8 LIST > urls.txt" },
            { [.. "PK\u0003\u0004xl/workbook"u8], "The list is an Excel workbook or a ZIP archive, "
                + "not text. Save it as CSV" },
            { [.. "%PDF-1.7"u8], "The list is a PDF file, not text." },
            { [.. "PAR1\u0015\0"u8], "The list is a Parquet file, not text." },
            { [0x28, 0xB5, 0x2F, 0xFD, 1, 2], "The list is compressed by zstd, not text. Unpack it and submit "
                + "the result: zstd -dc LIST > urls.txt" },
            { [.. "https://a.example/\nhttps://b.exa\0mple/\n"u8], "The list has a NUL byte in line 2 (byte 33)" },
            { [.. "\r\n<?xml version=\"1.0\"?><urlset><url><loc>https://a.example/?a=1&amp;b=2</loc>"u8],
                "The list is a sitemap (XML), not lines. Take its URLs and submit those: grep -o '<loc>[^<]*' LIST | "
                + @"sed 's/<loc>//; s/&amp;/\&/g' > urls.txt" },
            { [.. "<sitemapindex xmlns=\"x\"><sitemap><loc>"u8], "The list is an index of sitemaps (XML)" },
            { [.. "<!DOCTYPE html><title>Expired</title>"u8], "The list is XML or HTML, not a list: it may be" },
            { [.. "<Error><Code>AccessDenied</Code></Error>"u8], "The list is XML or HTML" },
            { [1, 0, 2, 0, 0, 3, 0, 0], "The list has a NUL byte in line 1 (byte 2)" },
        };

    [Theory]
    [MemberData(nameof(Files))]
    public void TheKindOfAFileThatIsNotTextIsReported(byte[] file, string expected) =>
        Assert.Contains(expected, ForeignContent.Describe(file), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData(Urls)]
    [InlineData("\uFEFF" + Urls)]
    [InlineData("<https://a.example/>\nhttps://b.example/\n")]
    [InlineData("https://a.example/<b>")]
    [InlineData("PK,url\n1,https://a.example/")]
    public void TextIsAccepted(string text) => Assert.Null(ForeignContent.Describe(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void ALateNulFailsOnlyItsLine() =>
        Assert.Null(ForeignContent.Describe(Encoding.UTF8.GetBytes(new string('a', 512) + "\0")));
}
