using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Emulator.Pages;

namespace Pipeline.Tests.Emulator;

public sealed class PagesContentTests
{
    private static readonly Uri Url = new("http://shop.test/dir/page.html");

    [Fact]
    public void HtmlIsReturnedByteForByteWithoutItsByteOrderMark()
    {
        const string html = "<p>é 日本 😀 \"quoted\" \u0001\r\n\t</p>";
        var page = new FetchedPage(Url, 200, "text/html", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(html)]);
        var data = Data(page, ["html"]);
        Assert.Equal(html, data.GetProperty("html").GetString());
        Assert.Single(data.EnumerateObject());
        Assert.Equal(html, Data(page, []).GetProperty("html").GetString());
    }

    [Theory]
    [InlineData("windows-1251", "text/html; charset=windows-1251", "")]
    [InlineData("windows-1251", "text/html", "<meta charset='cp1251'>")]
    [InlineData(
        "shift_jis", "text/html", "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=Shift_JIS\">")]
    [InlineData("iso-8859-2", "text/html; charset=\"ISO-8859-2\"", "<meta charset=utf-8>")]
    [InlineData("gb18030", "text/html;charset=gb2312", "")]
    [InlineData("euc-kr", "text/html;charset=euc-kr", "")]
    [InlineData("utf-16", "text/html", "", true)]
    [InlineData("utf-8", "text/html; charset=unknown-9", "")]
    public void TextIsDecodedByByteOrderMarkHeaderOrMeta(
        string charset, string contentType, string meta, bool mark = false)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var encoding = Encoding.GetEncoding(charset);
        var word =
            charset switch { "windows-1251" => "Привет", "shift_jis" => "港の朝", "iso-8859-2" => "Łódź",
                "gb18030" => "海洋", "euc-kr" => "바다", _ => "θάλασσα" };
        var html = $"<html><head>{meta}<title>{word}</title></head><body>{word}</body></html>";
        var data = Data(
            new(Url, 200, contentType, [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes(html)]),
            ["html", "text"], parse: true);
        Assert.Equal(html, data.GetProperty("html").GetString());
        Assert.Equal(word, data.GetProperty("text").GetString());
        Assert.Equal(word, data.GetProperty("parsing").GetProperty("title").GetString());
    }

    [Fact]
    public void InvalidBytesAndLoneSurrogatesAreReplaced()
    {
        byte[] body =
            [.. "<p>a"u8, 0xFF, 0xED, 0xA0, 0x80,
                .. "&#xD800;</p><script type='application/ld+json'>{\"a\":\"\\ud800\"}</script>"u8,
            .. "<script type='application/ld+json'>{\"ok\":1}</script>"u8];
        var data = Data(new(Url, 200, "text/html; charset=utf-8", body), ["html", "markdown", "text"], parse: true);
        Assert.StartsWith("<p>a\uFFFD", data.GetProperty("html").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("\uFFFD", data.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("""[{"ok":1}]""", data.GetProperty("parsing").GetProperty("json_ld").GetRawText());
    }

    [Fact]
    public void APageThatIsNotHtmlIsReturnedAsWhatItIs()
    {
        var json = Data(
            new(Url, 200, "application/json", "{\"a\":1}\n"u8.ToArray()), ["html", "markdown", "text"], parse: true);
        Assert.Equal("{\"a\":1}\n", json.GetProperty("html").GetString());
        Assert.Equal("```json\n{\"a\":1}\n```", json.GetProperty("markdown").GetString());
        Assert.False(json.TryGetProperty("parsing", out _));
        Assert.Equal(
            "a < b", Data(new(Url, 200, "text/plain", "a < b"u8.ToArray()), ["text"]).GetProperty("text").GetString());
        Assert.Equal(
            """{"binary":{"content_type":"image/png","bytes":3}}""",
            Data(new(Url, 200, "image/png", [1, 0, 2]), ["html", "text"]).GetRawText());
        Assert.True(Data(new(Url, 200, null, [1, 0, 2]), ["html"]).TryGetProperty("binary", out _));
        Assert.Equal(
            "x",
            Data(new(Url, 200, null, "<!doctype html><p>x"u8.ToArray()), ["text"]).GetProperty("text").GetString());
    }

    [Fact]
    public void ParsingFindsAllStructuredDataOfAPage()
    {
        const string html = """
            <html lang="en-GB"><head><title> A
            title </title><base href="/base/"><link rel="canonical" href="/canon">
            <meta name="description" content="d"><meta property="og:title" content="o">
            <meta name="description" content="second"></head>
            <body><h1>One <em>two</em></h1><h3>Three</h3>
            <a href="x?a=1&amp;b=2" rel="next nofollow"> Go <b>on</b></a><a href="#top">Top</a>
            <a href="javascript:void(0)">No</a><a>None</a>
            <table><tr><th>k</th><th>v</th></tr><tr><td rowspan="2">a</td><td>1</td></tr><tr><td>2</td></tr></table>
            <script type="application/ld+json">{"@type":"Product","price":1.50,"n":[1,null]}</script>
            <script type="application/ld+json">{broken</script>
            </body></html>
            """;
        var parsing = OfHtml(html, [], parse: true).GetProperty("parsing");
        Assert.Equal("""
            {"title":"A title","meta":{"description":"d","og:title":"o"},"canonical":"http://shop.test/canon",
            "lang":"en-GB",
            "links":[{"href":"http://shop.test/base/x?a=1&b=2","text":"Go on","rel":"next nofollow"},
            {"href":"http://shop.test/base/#top","text":"Top","rel":null}],
            "headings":[{"level":1,"text":"One two"},{"level":3,"text":"Three"}],
            "tables":[[["k","v"],["a","1"],["a","2"]]],"json_ld":[{"@type":"Product","price":1.50,"n":[1,null]}]}
            """.ReplaceLineEndings(""), parsing.GetRawText());
    }

    [Fact]
    public void TextShowsWhatAReaderSees()
    {
        const string html = """
            <body><script>no()</script><style>p{}</style><h1>Head</h1><p>One   two<br>three</p><p hidden>no</p>
            <p style="display: none">no</p>
            <ul><li>a<li>b</ul><table><tr><td>1<td>2</table><pre>x
              y</pre><div>end<noscript>no</noscript></div></body>
            """;
        Assert.Equal(
            "Head\n\nOne two\nthree\n\na\nb\n\n1\t2\n\nx\n  y\n\nend",
            OfHtml(html, ["text"]).GetProperty("text").GetString());
    }

    [Fact]
    public void APageNestedThousandsDeepKeepsItsText()
    {
        var html = string.Concat(Enumerable.Repeat("<div><span>", 3_000)) + "core";
        var data = OfHtml(html, ["markdown", "text"], parse: true);
        Assert.Equal(
            ("core", "core"), (data.GetProperty("markdown").GetString(), data.GetProperty("text").GetString()));
    }

    internal static JsonElement OfHtml(string html, string[] formats, bool parse = false) =>
        Data(new(Url, 200, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(html)), formats, parse);

    internal static JsonElement Data(FetchedPage page, string[] formats, bool parse = false)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            PageContent.WriteData(writer, page, formats.ToHashSet(), parse);
            writer.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.ToArray()).RootElement;
    }
}
