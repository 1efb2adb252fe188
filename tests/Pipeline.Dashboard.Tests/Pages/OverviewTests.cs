using Microsoft.Playwright;
using Pipeline.Dashboard.Tests.Browsing;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>The first page, over a real run.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
public sealed class OverviewTests(Browser browser)
{
    [Fact]
    public async Task AnEmptyPipelineIsWellAndSaysWhatToDoNext()
    {
        await using var site = await Site.StartAsync();
        foreach (var (width, scheme) in new[] { (390, ColorScheme.Light), (1280, ColorScheme.Dark) })
        {
            await using var window = await browser.OpenAsync(site.Address, width, scheme);
            var page = await window.GoAsync("/");
            await Assertions.Expect(page.Locator(".verdict.idle")).ToContainTextAsync("pipeline submit LIST");
            await Assertions.Expect(page.Locator(".badge")).ToHaveTextAsync("EMULATOR");
            await window.IsUsableAsync();
            window.HasNoFault();
        }
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task ARestoredLedgerIsSaidInTheVerdict()
    {
        await using var site = await Site.StartRestoredAsync();
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/");
        await Assertions.Expect(page.Locator(".verdict.idle"))
            .ToContainTextAsync("Nimble is searched for each submission before it is posted");

        await site.SubmitAsync("next.txt", Some.Urls(3));

        var verdict = page.Locator(".verdict.waiting");
        await Assertions.Expect(verdict).ToContainTextAsync("The ledger was restored on");
        await Assertions.Expect(verdict.Locator(".more code")).ToContainTextAsync("pipeline restore --done");
        await window.IsUsableAsync();
        window.HasNoFault();
    }

    [Fact]
    public async Task ARunIsFollowedWithoutLoadingThePageAgain()
    {
        await using var site = await Site.StartAsync("task_slow_ms=5000");
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/");
        await page.EvaluateAsync("() => { window.same = true; }");
        await site.SubmitAsync("list.txt", Some.Urls(12));

        await Assertions.Expect(page.Locator("[data-part=lists]")).ToContainTextAsync("list.txt");
        await Assertions.Expect(page.Locator("[data-part=finished]")).ToContainTextAsync("list.txt");
        Assert.True(await page.EvaluateAsync<bool>("() => window.same === true"));
        await window.IsUsableAsync();
        // At four times its size, a page of 1,280 pixels has 320.
        await page.SetViewportSizeAsync(320, 900);
        await window.IsUsableAsync();
        window.HasNoFault();
    }

    [Theory]
    [InlineData("post_402=always", "waiting", "Top up the Nimble account")]
    [InlineData("post_500_before=always", "waiting", "pipeline status")]
    public async Task WhatHoldsUpTheWorkIsTheVerdictWithWhatToDo(string faults, string level, string action)
    {
        await using var site = await Site.StartAsync(faults);
        await site.SubmitAsync("list.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address, width: 390, ColorScheme.Dark);
        var page = await window.GoAsync("/");

        await Assertions.Expect(page.Locator($".verdict.{level} .more")).ToContainTextAsync(action);
        await window.IsUsableAsync();
        window.HasNoFault();
    }
}
