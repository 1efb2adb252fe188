using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Pipeline.Dashboard.Tests.Browsing;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Dashboard.Tests.Emulator;

/// <summary>The emulator's own page in a real browser.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
public sealed class EmulatorPageTests(Browser browser) : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EverybodyCanReadIt()
    {
        await using var emulator = await StartAsync("post_429=3,webhook_form=bare@0.5");
        await PostAsync(emulator, Some.Urls(3));
        foreach (var (width, scheme) in new[] { (390, ColorScheme.Dark), (1280, ColorScheme.Light) })
        {
            await using var window = await browser.OpenAsync(emulator.BaseAddress, width, scheme);
            var page = await window.GoAsync("/");
            await Assertions.Expect(page.Locator(".badge")).ToHaveTextAsync("EMULATOR");
            await Assertions.Expect(page.Locator(".verdict")).ToContainTextAsync("2 faults are on.");
            await page.EvaluateAsync("() => document.querySelectorAll('details').forEach(d => d.open = true)");
            await window.IsUsableAsync();
            window.HasNoFault();
        }
    }

    [Fact]
    public async Task FaultsAreSwitchedWithoutScripts()
    {
        await using var emulator = await StartAsync("");
        await using var window = await browser.OpenAsync(emulator.BaseAddress, width: 390, runsScripts: false);
        var page = await window.GoAsync("/");
        await page.GetByText("Requests to the API").ClickAsync();
        await page.GetByLabel("Value of post_402").FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Switch on post_402" }).ClickAsync();
        await Assertions.Expect(page.Locator("#fault-post_402 .state")).ToHaveTextAsync("1, 0 of 1 happened");
        Assert.Equal(402, await PostAsync(emulator, Some.Urls(1)));

        await page.GetByRole(AriaRole.Button, new() { Name = "Switch off post_402" }).ClickAsync();
        await Assertions.Expect(page.Locator("#fault-post_402 .state")).ToHaveTextAsync("off");
        await Assertions.Expect(page.Locator(".verdict")).ToContainTextAsync("No fault is on");
        window.HasNoFault();
    }

    [Fact]
    public async Task ItKeepsItselfCurrentAndLeavesWhatSomebodyTypes()
    {
        await using var emulator = await StartAsync("");
        await using var window = await browser.OpenAsync(emulator.BaseAddress);
        var page = await window.GoAsync("/");
        await page.EvaluateAsync("() => { window.same = true; }");
        await page.GetByText("Requests to the API").ClickAsync();
        await page.GetByLabel("Value of post_402").FillAsync("7");
        await PostAsync(emulator, Some.Urls(3));

        await Assertions.Expect(page.Locator("#tasks tbody tr")).ToHaveCountAsync(3);
        await Assertions.Expect(page.GetByLabel("Value of post_402")).ToHaveValueAsync("7");
        Assert.True(await page.EvaluateAsync<bool>("() => window.same === true"));
        window.HasNoFault();
    }

    [Fact]
    public async Task HostileTextsAreOnlyText()
    {
        await using var emulator = await StartAsync("");
        foreach (var text in Some.Hostile.Chunk(10))
            Assert.Equal(200, await PostAsync(emulator, text.Select(t => $"http://sample.test/sample/{t}")));
        await using var window = await browser.OpenAsync(emulator.BaseAddress, width: 390);
        var page = await window.GoAsync("/");
        Assert.False(await page.EvaluateAsync<bool>("() => 'pwned' in window"));
        Assert.Equal(15, await page.Locator("#tasks tbody tr").CountAsync());
        await window.IsUsableAsync();
        window.HasNoFault();
    }

    private async Task<RunningEmulator> StartAsync(string faults) =>
        await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder["emulator"], Storage = StorageMode.Own, Faults = faults }, Ct);

    private static async Task<int> PostAsync(RunningEmulator emulator, IEnumerable<string> urls)
    {
        using var http = new HttpClient { BaseAddress = emulator.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", "any");
        using var answer = await http.PostAsJsonAsync(
            "v1/extract/batch",
            new
            {
                inputs = urls.Select(url => new { url }),
                shared_inputs = new { storage_type = "s3", storage_url = "s3://results/p/" },
            },
            JsonSerializerOptions.Default, Ct);
        return (int)answer.StatusCode;
    }
}
