using System.Text;
using System.Text.Json;
using Pipeline.Collect.Normalize;
using Pipeline.Collect.Normalize.Text;
using Pipeline.Model.Series;
using Pipeline.Options;
using static Pipeline.Tests.Collect.Normalize.Normal;

namespace Pipeline.Tests.Collect.Normalize.Text;

public sealed class TextDigestTests
{
    [Theory]
    [InlineData("a b", "a b")]
    [InlineData("  a \r\n\t b\n", "a b")]
    [InlineData("a\u00A0\u2003\u3000b\uFEFF", "a b")]
    [InlineData("<p>a</p><p>b</p>", "a b")]
    [InlineData("<p>a</p>\n\n<p>b</p>", "a b")]
    [InlineData("<div class='x > y' id=\"<b>\">a<br/>b</div>", "a b")]
    [InlineData("<!doctype html><html><head><style>p{}</style></head><body>a b</body></html>", "a b")]
    [InlineData("a<script>var t = '</p>' + \"<!--\" + 1710842400;</script>b", "a b")]
    [InlineData("a<SCRIPT type=x>1 < 2 && </scripty></ScRiPt >b", "a b")]
    [InlineData("a<!-- rendered in 12 ms -- > still --><b>b</b>", "a b")]
    [InlineData("a<!-->b", "ab")]
    [InlineData("a<?php echo 1 ?>b", "ab")]
    [InlineData("a<noscript><img src=x></noscript> b<template><p>c</p></template>", "a b")]
    [InlineData("a&nbsp;b", "a b")]
    [InlineData("a&#160;&#xA0;b", "a b")]
    [InlineData("&lt;p&gt; &amp; &eacute; &unknown; &", "<p> & é &unknown; &")]
    [InlineData("&lt;p&gt; &#38; é &unknown; &", "<p> & é &unknown; &")]
    [InlineData("1 < 2", "1 < 2")]
    [InlineData("日本語 text", "日本語 text")]
    [InlineData("<b unclosed", "")]
    [InlineData("<script>never closed", "")]
    public void OnlyWhatAReaderSeesCounts(string html, string text) =>
        Assert.Equal(HashOf(text), HtmlHash(html, html.Length));

    [Theory]
    [InlineData("a b", "ab")]
    [InlineData("<p>a</p><p>b</p>", "<p>ab</p>")]
    [InlineData("price: 10", "price: 11")]
    public void OtherTextHasAnotherDigest(string one, string other) =>
        Assert.NotEqual(HtmlHash(one, 100), HtmlHash(other, 100));

    /// <summary>The scanner cuts texts into pieces where its buffer ends.</summary>
    [Fact]
    public void PiecesGiveTheSameDigestWhereverTheyAreCut()
    {
        const string Html =
            "<!-- x --><p class=\"a>b\">é\u00A0日本&eacute;&nbsp;<script>1<2</script>\u3000b</p> &amp; c";
        var whole = HtmlHash(Html, int.MaxValue);
        Assert.NotNull(whole);
        for (var size = 1; size < 40; size++)
            Assert.Equal(whole, HtmlHash(Html, size));
    }

    [Fact]
    public async Task MarkdownCountsBeforeTextAndTextBeforeHtmlAndHtmlBeforeParsedData()
    {
        string[] members =
            ["\"markdown\":\"# A\"", "\"text\":\"A b\"", "\"html\":\"<p>A c</p>\"", "\"parsing\":{\"price\":1}"];
        string[] texts = ["# A", "A b", "A c", "{\"price\":1}"];
        for (var i = 0; i < members.Length; i++)
        {
            using var result = await WithTextAsync(string.Join(',', members[i..]));
            Assert.Equal(HashOf(texts[i]), result.TextHash);
        }

        using var none = await WithTextAsync("\"screenshot\":\"aGk=\"");
        Assert.Null(none.TextDigest);
    }

    [Fact]
    public async Task AReaderThatIsReusedForgetsTheLastDocument()
    {
        var normalizer = new ResultNormalizer(new());
        foreach (var (html, withText) in new[] { ("<p>a</p>", true), ("<p>b</p>", false), ("<p>a</p>", true) })
        {
            using var result = await normalizer.NormalizeAsync(
                Document($"\"html\":\"{html}\""), TestContext.Current.CancellationToken, withText);
            Assert.Equal(withText ? HashOf("a") : null, result.TextHash);
        }
    }

    [Fact]
    public async Task TheDigestIsTheSameWhenTheContentIsOnlyReferenced()
    {
        using var result = await new ResultNormalizer(new() { Content = ContentMode.Reference }).NormalizeAsync(
            Document("\"html\":\"<p>a</p>\",\"links\":[]"), TestContext.Current.CancellationToken, withText: true);

        Assert.Equal(HashOf("a"), result.TextHash);
    }

    [Theory]
    [InlineData("<p>a</p>", "<p>a</p>", SeriesCompare.Raw, "same")]
    [InlineData("<p>a</p>", "<p id=x>a</p>", SeriesCompare.Text, "same")]
    [InlineData("<p>a</p>", "<p id=x>a</p>", SeriesCompare.Raw, "changed")]
    [InlineData("<p>a</p>", "<p>b</p>", SeriesCompare.Text, "changed")]
    public async Task ARecordSaysHowItDiffers(string before, string now, SeriesCompare compare, string change)
    {
        using var earlier = await WithTextAsync($"\"html\":\"{before}\"");
        using var result = await WithTextAsync($"\"html\":\"{now}\"");
        var previous = new SeriesOutcome(earlier.ContentDigest, earlier.TextDigest, earlier.StatusCode);

        var record = await ComposeAsync(result, previous, compare);

        Assert.Equal(change, record.GetProperty("change").GetString());
        Assert.Equal(earlier.ContentDigest, record.GetProperty("previous_digest").GetString());
        Assert.Equal(result.TextDigest, record.GetProperty("text_digest").GetString());
    }

    [Fact]
    public async Task AnotherStatusIsAChangeAndAFirstRecordIsNew()
    {
        using var one = await WithTextAsync("\"html\":\"<p>a</p>\"");
        var gone = new SeriesOutcome(one.ContentDigest, one.TextDigest, 404);
        Assert.Equal("changed", (await ComposeAsync(one, gone, SeriesCompare.Text)).GetProperty("change").GetString());

        using var other = await WithTextAsync("\"html\":\"<p>a</p>\"");
        var first = await ComposeAsync(other, null, SeriesCompare.Text);
        Assert.Equal("new", first.GetProperty("change").GetString());
        Assert.False(first.TryGetProperty("previous_digest", out _));
    }

    private static async Task<JsonElement> ComposeAsync(
        NormalizedResult result, SeriesOutcome? previous, SeriesCompare compare)
    {
        var input = Context.Input with { Series = new() { Key = new('0', 32), Previous = previous } };
        await using var record = RecordComposer.Compose(result, Context with { Input = input, Compare = compare });
        return JsonElement.Parse(await TextAsync(record));
    }

    private static MemoryStream Document(string data) =>
        new(Encoding.UTF8.GetBytes(
            $$"""{"url":"https://a.example/","status":"success","status_code":200,"data":{ {{data}} } }"""));

    private static Task<NormalizedResult> WithTextAsync(string data) =>
        new ResultNormalizer(new()).NormalizeAsync(
            Document(data), TestContext.Current.CancellationToken, withText: true).AsTask();

    private static UInt128? HashOf(string text) =>
        text.Length == 0 ? null : System.IO.Hashing.XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(text));

    private static UInt128? HtmlHash(string html, int size)
    {
        var hash = new TextHash();
        var reader = new HtmlText(hash);
        reader.Start();
        foreach (var piece in Encoding.UTF8.GetBytes(html).Chunk(Math.Max(size, 1)))
            reader.Append(piece);
        reader.End();
        return hash.Value;
    }
}
