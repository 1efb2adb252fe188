using System.Text;
using Pipeline.Dashboard.Pages.Inputs;
using Pipeline.Dashboard.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>The history of one input, and the preview of its record.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Promise", "9")]
public sealed class InputPageTests(Browser browser)
{
    [Fact]
    [Trait("Needs", "servers")]
    public async Task AUrlIsFoundWithItsHistoryAndItsRecordConfined()
    {
        const string url = "http://sample.test/sample/encyclopedia/tides";
        await using var site = await Site.StartAsync();
        await site.SubmitAsync("list.json",
            $$"""{"inputs":[{"url":"{{url}}" }],"shared_inputs":{"formats":["html","markdown","text"] } }""");
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/");
        await Expect(page.Locator("[data-part=finished]")).ToContainTextAsync("list.json");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Searchbox).FillAsync(url);
        await page.ClickAsync("button:text-is('Find')");

        await Expect(page.Locator("h1")).ToHaveTextAsync(url);
        foreach (var step in new[] { "Read from line 1", "proof: the answer to the POST", "Record written, HTTP 200" })
            await Expect(page.Locator(".steps")).ToContainTextAsync(step);
        var frame = page.Locator("iframe");
        await Expect(frame).ToHaveAttributeAsync("sandbox", "");
        await Expect(page.FrameLocator("iframe").Locator("h1")).ToHaveTextAsync("Tide");
        await window.IsUsableAsync();
        await page.ClickAsync("a:text-is('json')");
        await Expect(page.FrameLocator("iframe").Locator("body"))
            .ToContainTextAsync("\"schema\": \"pipeline.record/1\"");
        window.HasNoFault();

        var answer = await page.APIRequest.GetAsync(page.Url.Split('?')[0] + "/content/html");
        Assert.StartsWith(
            "sandbox; default-src 'none';", answer.Headers["content-security-policy"], StringComparison.Ordinal);
        await window.GoAsync("/search?q=http://sample.test/nothing");
        await Expect(page.Locator("main")).ToContainTextAsync("No input matches");
        await window.IsUsableAsync();
    }

    [Theory]
    [InlineData("""{"content":{"html":"<p>x"}}""", "html,json")]
    [InlineData("""{"content":{"markdown":"# x","text":"x","html":1}}""", "markdown,text,json")]
    [InlineData("""{"content":{"screenshot":"iVBORw0KGgo="}}""", "screenshot,json")]
    [InlineData("""{"content":{"screenshot":"data:image/png;base64,iVBORw0KGgo="}}""", "screenshot,json")]
    [InlineData("""{"content":{"screenshot":"https://evil.example/x.png"}}""", "json")]
    [InlineData("""{"content":{"screenshot":"PHN2Zy8+"}}""", "json")]
    [InlineData("""{"content":{"screenshots":["iVBORw0KGgo="]}}""", "screenshot,json")]
    [InlineData("""{"content":{"screenshots":[{"type":"full","data":"iVBORw0KGgo="}]}}""", "screenshot,json")]
    [InlineData("""{"content":{"screenshots":[7,{"url":"https://evil.example/x.png"}]}}""", "json")]
    [InlineData("""{"content":{"html":"","markdown":" \n"}}""", "json")]
    [InlineData("""{"content":[]}""", "json")]
    [InlineData("{}", "json")]
    public async Task ARecordShowsWhatItHas(string record, string views)
    {
        var preview = await ReadAsync(record);
        Assert.Equal(views.Split(','), preview!.Views);
        Assert.All(preview.Views, view => Assert.NotNull(preview.Render(view)));
        Assert.Null(preview.Render("other"));
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task AChangedFileShowsNothing(string record) => Assert.Null(await ReadAsync(record));

    [Fact]
    public async Task ARecordOfMoreThanEightMebibytesIsNotReadToItsEnd()
    {
        await using var endless = new Endless();
        Assert.Null(await RecordPreview.ReadAsync(endless, TestContext.Current.CancellationToken));
        Assert.InRange(endless.Read, RecordPreview.MaxBytes, RecordPreview.MaxBytes + (1 << 20));
    }

    private static async Task<RecordPreview?> ReadAsync(string record)
    {
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(record));
        return await RecordPreview.ReadAsync(bytes, TestContext.Current.CancellationToken);
    }

    private sealed class Endless : MemoryStream
    {
        public new long Read { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Read += buffer.Length;
            return new(buffer.Length);
        }
    }
}
