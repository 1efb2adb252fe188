using Microsoft.Playwright;
using Pipeline.Dashboard.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>Lists are submitted, steered and repaired with the pages' forms.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
public sealed class ListPageTests(Browser browser)
{
    [Fact]
    public async Task AListIsCheckedSubmittedPausedResumedAndCancelled()
    {
        await using var site = await Site.StartAsync(
            "task_slow_ms=60000", ("Pipeline__Nimble__PricePerUrl", "0.5"));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/submit");
        await page.GetByLabel("List", new() { Exact = true }).FillAsync(
            string.Join('\n', Some.Urls(20)) + "\nnot a url\n");
        await page.GetByLabel("Name, for people").FillAsync("my list");
        await page.ClickAsync("text=Check, free");
        await Expect(page.Locator("section[role=status]")).ToContainTextAsync("10.00");
        await Expect(page.Locator("section[role=status]")).ToContainTextAsync("line 21");
        await window.IsUsableAsync();
        await page.ClickAsync("button:text-is('Submit')");
        await Expect(page.Locator("h1")).ToHaveTextAsync("my list");

        await page.ClickAsync("button:text-is('Pause')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("paused");
        await page.ClickAsync("button:text-is('Resume')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("open");
        await page.ClickAsync("text=Cancel the list…");
        await Expect(page.Locator("main")).ToContainTextAsync("still collected");
        await window.IsUsableAsync();
        await page.ClickAsync("button:text-is('Cancel the list')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("cancelling");
        await window.IsUsableAsync();

        await window.GoAsync("/");
        foreach (var what in new[] { "Submitted my list: 21 inputs.", "Paused", "Resumed", "Cancelled" })
            await Expect(page.Locator("[data-part=money]")).ToContainTextAsync(what);
        await window.IsUsableAsync();
        window.HasNoFault();
    }

    [Fact]
    public async Task FailuresAreGroupedSelectedAndPostedAgainWithCountAndPrice()
    {
        await using var site = await Site.StartAsync("task_fail=3", ("Pipeline__Nimble__PricePerUrl", "0.5"));
        var id = await site.SubmitAsync("list.txt", Some.Urls(6));
        await using var window = await browser.OpenAsync(site.Address, width: 390, ColorScheme.Dark);
        var page = await window.GoAsync($"/lists/{id}");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await Expect(page.Locator("[data-part=failures]")).ToContainTextAsync("task failed");
        await window.IsUsableAsync();

        await page.ClickAsync("[data-part=failures] a:text-is('Post again')");
        await Expect(page.Locator("h1")).ToContainTextAsync("Failures of");
        Assert.Contains("reason=task_failed&domain=sample.test", page.Url, StringComparison.Ordinal);
        await window.IsUsableAsync();
        await page.Locator("input[name=row]").Nth(0).CheckAsync();
        await page.Locator("input[name=row]").Nth(2).CheckAsync();
        await page.ClickAsync("text=Post selected again…");
        await Expect(page.Locator("main")).ToContainTextAsync("2 failed inputs");
        await Expect(page.Locator("main")).ToContainTextAsync("Estimated cost: 1.00");
        await window.IsUsableAsync();
        await page.ClickAsync("text=Post 2 inputs again");

        await Expect(page.Locator("[data-part=head] .note")).ToContainTextAsync("Posted again: 2.");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await Expect(page.Locator("[data-part=failures] td.number")).ToHaveTextAsync("1");
        await page.ClickAsync("text=manifest");
        await Expect(page.Locator("body")).ToContainTextAsync("\"records\":5");
        window.HasNoFault();
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task TextsOfStrangersStayTexts()
    {
        await using var site = await Site.StartAsync("task_fail=always");
        var names = Some.Hostile.Select((text, i) => $"http://sample.test/{i}?{text}").ToList();
        var id = await site.SubmitAsync("<img src=x onerror=window.pwned=1>\u202Etxt.exe", names);
        foreach (var (width, scheme) in new[] { (390, ColorScheme.Dark), (1280, ColorScheme.Light) })
        {
            await using var window = await browser.OpenAsync(site.Address, width, scheme);
            foreach (var path in new[] { $"/lists/{id}", $"/lists/{id}/failures", "/", "/lists",
                "/search?q=" + Uri.EscapeDataString("<script>window.pwned=1</script>\u202E"),
                $"/lists/{id}/failures?reason=%22%3E%3Cscript%3Ewindow.pwned=1%3C/script%3E" })
            {
                var page = await window.GoAsync(path);
                await Expect(page.Locator("main")).Not.ToHaveTextAsync("");
                Assert.False(await page.EvaluateAsync<bool>("() => 'pwned' in window"), path);
                Assert.DoesNotContain('\u202E', await page.InnerTextAsync("body"));
                await window.IsUsableAsync();
            }
            window.HasNoFault();
        }
    }

    [Fact]
    public async Task WithoutScriptsEverythingCanStillBeReadAndDone()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        var id = await site.SubmitAsync("list.txt", Some.Urls(5));
        await using var window = await browser.OpenAsync(site.Address, runsScripts: false);
        var page = await window.GoAsync($"/lists/{id}");
        await Expect(page.Locator("#live")).ToBeHiddenAsync();
        await page.ClickAsync("button:text-is('Pause')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("paused");
        await page.ClickAsync("text=Overview");
        // An overview that took long to read is cached for a while, and without scripts a page does not update.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await page.Locator(".verdict.waiting").GetByText("paused").IsVisibleAsync())
        {
            limit.Token.ThrowIfCancellationRequested();
            await page.ReloadAsync();
        }
    }
}
