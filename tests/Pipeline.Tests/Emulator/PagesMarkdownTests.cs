using Xunit.Sdk;

namespace Pipeline.Tests.Emulator;

public sealed class PagesMarkdownTests
{
    [Theory]
    [InlineData("<h2>A <i>b</i></h2><p>One\n  two</p><p>three</p>", "## A *b*\n\nOne two\n\nthree")]
    [InlineData("a<b> bold </b>c <em></em><del>x</del> H<sub>2</sub>O", "a **bold** c ~~x~~ H<sub>2</sub>O")]
    [InlineData(
        "<a href='/x (1)'>go <b>on</b></a> <a href='javascript:x'>no</a><a href='?q=a&amp;b'>q</a>",
        "[go **on**](http://shop.test/x%20%281%29) no[q](http://shop.test/dir/page.html?q=a&b)")]
    [InlineData("<a href=/c><h3>Card</h3><p>text</p></a>", "[Card text](http://shop.test/c)")]
    [InlineData(
        "<img src=a.png alt='An [a]'> <img data-src=/b.png src='data:image/gif;base64,R0' alt=b><img src='data:x'>",
        "![An \\[a\\]](http://shop.test/dir/a.png) ![b](http://shop.test/b.png)")]
    [InlineData("<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul>", "- a\n  - b\n- c")]
    [InlineData("<ol start=9><li>a</li><li><p>b</p><p>c</p></li></ol>", "9. a\n\n10. b\n\n    c")]
    [InlineData("<ul><li>a</ul><ul><li>b</ul>", "- a\n\n<!-- -->\n\n- b")]
    [InlineData("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b")]
    [InlineData("<ul><li><input type=checkbox checked> done</ul>", "- [x] done")]
    [InlineData("<pre><code class='language-cs'>var x = `1`;\n\n  y</code></pre>", "```cs\nvar x = `1`;\n\n  y\n```")]
    [InlineData("<pre>```</pre>", "````\n```\n````")]
    [InlineData("use <code>a|`b`</code>", "use `` a|`b` ``")]
    [InlineData("<blockquote><p>a</p><ul><li>b</ul></blockquote>", "> a\n>\n> - b")]
    [InlineData("a<hr>b<br>c", "a\n\n---\n\nb  \nc")]
    [InlineData(
        "<p># no</p><p>1. no</p><p>- no</p><p>> no</p><p>+ no</p><p>--- </p><p>a<br>= </p>",
        "\\# no\n\n1\\. no\n\n\\- no\n\n\\> no\n\n\\+ no\n\n\\---\n\na  \n\\=")]
    [InlineData(
        "<p>2*3 _x_ snake_case &lt;b> 1 &lt; 2 &amp;amp; AT&amp;T [x] `y` ~~z~~ a\\b</p>",
        "2\\*3 \\_x\\_ snake_case \\<b> 1 < 2 \\&amp; AT&T \\[x\\] \\`y\\` \\~\\~z\\~\\~ a\\\\b")]
    [InlineData(
        "<table><thead><tr><th>A</th><th>B|C</th></tr></thead><tbody><tr><td>1<br>2</td><td><b>x</b></td></tr><tr><td "
            + "colspan=2>w</td></tr></tbody></table>",
        "| A | B\\|C |\n| --- | --- |\n| 1<br>2 | **x** |\n| w |  |")]
    [InlineData(
        "<table><caption>Cap</caption><tr><td>1</td><td>2</td></tr></table>",
        "**Cap**\n\n|  |  |\n| --- | --- |\n| 1 | 2 |")]
    [InlineData("<table><tr><td><h2>Layout</h2><p>x</p></td></tr></table>", "## Layout\n\nx")]
    [InlineData("<dl><dt>Weight</dt><dd>3 kg</dd></dl>", "**Weight**\n\n: 3 kg")]
    [InlineData("<my-app><div>a</div><span><p>b</p></span></my-app>", "a\n\nb")]
    [InlineData(
        "<script>x</script><svg><text>no</text></svg><p hidden>no</p><div style='DISPLAY : "
            + "none'>no</div><noscript>no</noscript>yes",
        "yes")]
    [InlineData("<ruby>港<rp>(</rp><rt>みなと</rt><rp>)</rp></ruby>", "港(みなと)")]
    [InlineData("", "")]
    public void HtmlBecomesMarkdown(string html, string markdown) =>
        Assert.Equal(
            markdown, PagesContentTests.OfHtml("<body>" + html, ["markdown"]).GetProperty("markdown").GetString());

    [Fact]
    public void AnyTagSoupIsConvertedWithoutAnException()
    {
        string[] bits =
        [
            "<table>",
            "<tr>",
            "<td colspan=9999 rowspan=9999>",
            "</table>",
            "<ul>",
            "<li>",
            "</ul>",
            "<a href=x>",
            "</a>",
            "<b>",
            "</b>",
            "<pre>",
            "</pre>",
            "<p>",
            "text_",
            "*",
            "\n",
            "<br>",
            "<h1>",
            "</h1>",
            "<dl><dt>",
            "<dd>",
            "&#xDC00;",
            "<ol start=-5>",
        ];
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var html = string.Concat(Enumerable.Range(0, 60).Select(_ => bits[random.Next(bits.Length)]));
            try
            {
                Assert.NotNull(
                    PagesContentTests.OfHtml(
                        html, ["html", "markdown", "text"], parse: true).GetProperty("markdown").GetString());
            }
            catch (Exception e) when (e is not XunitException)
            {
                Assert.Fail($"seed {seed}: {html}: {e}");
            }
        }
    }
}
