using System.Text.Json;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>
/// Fields that the types of the vendor's SDK name have their own places; by reference, no large field is copied.
/// </summary>
public sealed class KnownNamesTests
{
    private const string Redirects = """ "redirects":[{"status_code":301,"url":"https://a.example/"}]""";
    private const string Lists = $"""{Redirects},"links":["https://b.example/"]""";

    [Fact]
    public async Task TheFieldsOfTheVendorsSdkHaveTheirOwnPlaces()
    {
        var record = await RecordAsync(
            $$$"""{"data":{"screenshots":["c2hvdA=="],"html":"<p>",{{{Lists}}},"pages_html":"""
                + """["<p>1"],"network_capture":[{"results":[]}],"cookies":[]}}""",
            ContentMode.Inline);
        Assert.Equal(
            """{"screenshots":["c2hvdA=="],"html":"<p>","pages_html":["<p>1"],"network_capture":[{"results":[]}]}""",
            record.GetProperty("content").GetRawText());
        Assert.Equal("""["https://b.example/"]""", record.GetProperty("links").GetRawText());
        Assert.Equal(301, record.GetProperty("redirects")[0].GetProperty("status_code").GetInt32());
        Assert.Equal("""{"data.cookies":[]}""", record.GetProperty("extra").GetRawText());
        Assert.False(record.TryGetProperty("omitted", out _));
    }

    [Fact]
    public async Task TheDigestCoversOnlyTheTexts()
    {
        using var plain = await Normal.NormalizeAsync(Normal.Bytes("""{"data":{"html":"<p>"}}"""));
        using var rich = await Normal.NormalizeAsync(
            Normal.Bytes($$"""{"data":{"html":"<p>","network_capture":[1],{{Lists}} } }"""));
        Assert.Equal((plain.ContentDigest, plain.ContentBytes), (rich.ContentDigest, rich.ContentBytes));
    }

    [Fact]
    public async Task ByReferenceLargeFieldsAreLeftOutAndListedInOmitted()
    {
        var large = $"\"{new string('x', 5000)}\"";
        var record = await RecordAsync(
            $$"""
            {"url":{{large}},"headers":{"a":{{large}} },"small":[1],"data":{"html":"<p>","screenshots":[{{large}}],
            "pages_html":["1"],"network_capture":[{"a":{{large}} }],
            "parsing":{"a":{{large}} },"links":[{{large}}],{{Redirects}},"cookies":[{{large}}],"eval":[1]},
            "metadata":{"tag":{{large}},"response_parameters":{"a":{{large}} } } }
            """,
            ContentMode.Reference);
        Assert.True(record.GetRawText().Length < 2000);
        Assert.Equal(
            [
                "url", "headers", "html", "screenshots", "pages_html", "network_capture", "parsed", "links",
                "data.cookies", "metadata.tag", "metadata.response_parameters"],
            record.GetProperty("omitted").EnumerateArray().Select(o => o.GetString()!));
        Assert.Equal("""{"small":[1],"data.eval":[1]}""", record.GetProperty("extra").GetRawText());
        Assert.Equal(1, record.GetProperty("redirects").GetArrayLength());
        Assert.False(record.TryGetProperty("content", out _) || record.TryGetProperty("parsed", out _));
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public async Task ByReferenceFieldsOfUpToFourKibibytesAreCopied(int bytes, bool isCopied)
    {
        var value = $"\"{new string('x', bytes - 2)}\"";
        var record = await RecordAsync(
            $$"""{"data":{"parsed":{{value}},"links":[],"new":{{value}} },"top":{{value}} }""", ContentMode.Reference);
        Assert.Equal(isCopied, record.TryGetProperty("parsed", out _));
        Assert.Equal(isCopied, record.TryGetProperty("extra", out _));
        Assert.Equal(!isCopied, record.TryGetProperty("omitted", out _));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task ByReferenceAVeryLargeResultStaysOutOfMemory()
    {
        var document =
            $$"""{"data":{"screenshots":["{{new string('s', 3_000_000)}}"],"network_capture":"""
                + $$"""[],"unknown":"{{new string('u', 3_000_000)}}"} }""";
        var record = await RecordAsync(
            document, ContentMode.Reference,
            new() { Content = ContentMode.Reference, SpillAt = 0, SpillFolder = "/nowhere" });
        Assert.Equal(
            ["screenshots", "network_capture", "data.unknown"],
            record.GetProperty("omitted").EnumerateArray().Select(o => o.GetString()!));
    }

    private static async Task<JsonElement> RecordAsync(
        string document, ContentMode content, CollectOptions? options = null)
    {
        var record = JsonElement.Parse(
            await Normal.RecordAsync(Normal.Bytes(document), options ?? new() { Content = content }));
        Assert.Empty(RecordSchema.Validate(record.GetRawText()));
        return record;
    }
}
