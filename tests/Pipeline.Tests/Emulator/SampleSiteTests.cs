using System.Text;
using System.Text.Json;
using Pipeline.Emulator.Sample;

namespace Pipeline.Tests.Emulator;

public sealed class SampleSiteTests : IAsyncLifetime
{
    private SampleHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await SampleHost.StartAsync();

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task EveryUrlOfTheSiteCanBeFetchedAndConverted()
    {
        var pages = await Task.WhenAll(SampleSite.Urls.Select(url => _host.Fetcher.FetchAsync(new Uri(url), Ct)));
        Assert.Equal(14, pages.Length);
        Assert.Equal(
            ["http://sample.test/sample/news/missing"],
            pages.Where(p => p.StatusCode != 200).Select(p => p.FinalUrl.AbsoluteUri));
        foreach (var page in pages)
        {
            var data = PagesContentTests.Data(page, ["html", "markdown", "text"], parse: true);
            foreach (var format in (string[])["html", "markdown", "text"])
                Assert.True(data.GetProperty(format).GetString() is { Length: > 100 } text
                    && !text.Contains('\uFFFD'), $"{page.FinalUrl} {format}");
        }
    }

    [Theory]
    [InlineData("encyclopedia/harbour", "防波堤を築いたものを**人工港**という")]
    [InlineData("news/port", "Пианино на борту **сохранили**")]
    [InlineData("encyclopedia/astrolabe", "| النسر الواقع | Vega | ٠٫٠ |")]
    [InlineData("encyclopedia/antikythera", "👨‍👩‍👧‍👦")]
    [InlineData(
        "encyclopedia/tides",
        "| K<sub>1</sub> | Declination of Moon and Sun | 23.9345 |\n| O<sub>1</sub> |  | 25.8193 |")]
    [InlineData(
        "old/kettle",
        "1. Rinse before first use; the first boil is for the kettle.\n2. Never leave it dry on the fire:\n   - tin "
            + "melts at 232\u00A0°C,\n   - an empty kettle gets there in *two minutes*.")]
    [InlineData("news/ferry", "![The galley kettle of the Orrin Star](http://sample.test/sample/images/kettle.svg)")]
    public async Task HardPagesAreConvertedCorrectly(string path, string expected)
    {
        var page = await _host.Fetcher.FetchAsync(new Uri("http://sample.test/sample/" + path), Ct);
        Assert.Contains(
            expected, PagesContentTests.Data(page, ["markdown"]).GetProperty("markdown").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task StructuredDataOfTheProductIsFound()
    {
        var page = await _host.Fetcher.FetchAsync(new Uri("http://sample.test/sample/shop/kettle"), Ct);
        var parsing = PagesContentTests.Data(page, [], parse: true).GetProperty("parsing");
        Assert.Equal(
            "128.00", parsing.GetProperty("json_ld")[0].GetProperty("offers").GetProperty("price").GetString());
        Assert.Equal("Capacity", parsing.GetProperty("tables")[0][1][0].GetString());
        Assert.Equal("http://sample.test/sample/shop/kettle", parsing.GetProperty("canonical").GetString());
    }

    [Fact]
    public async Task GeneratedPagesHaveTheGivenLengthAreRepeatableAndDiffer()
    {
        var first = await FetchAsync("generated/1");
        Assert.Equal(30_000, first.Length);
        Assert.Equal(first, await FetchAsync("generated/1"));
        Assert.NotEqual(first, await FetchAsync("generated/252"));
        Assert.Equal(123_456, (await FetchAsync("generated/9223372036854775807?bytes=123456")).Length);
        var facts = PagesContentTests.OfHtml(Encoding.UTF8.GetString(first), [], parse: true).GetProperty("parsing");
        Assert.Equal(1, facts.GetProperty("json_ld")[0].GetProperty("identifier").GetInt32());
        Assert.Equal("Dispatch 1", facts.GetProperty("headings")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task TheIndexLinksEveryPageAndTheArchiveIsLarge()
    {
        var index = PagesContentTests.Data(
            await _host.Fetcher.FetchAsync(new Uri("http://sample.test/sample/"), Ct), [], parse: true);
        var links = index.GetProperty("parsing").GetProperty("links").EnumerateArray().Select(
            l => l.GetProperty("href").GetString()!).ToList();
        Assert.Subset(links.ToHashSet(), SampleSite.Urls.ToHashSet());
        Assert.Equal(2_000_000, (await FetchAsync("news/archive")).Length);
        Assert.Equal(JsonValueKind.Object, index.ValueKind);
    }

    private async Task<byte[]> FetchAsync(string path) =>
        (await _host.Fetcher.FetchAsync(new Uri("http://sample.test/sample/" + path), Ct)).Body;
}
