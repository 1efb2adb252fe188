using Pipeline.Dashboard.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>A page that is not current says so, keeps the focus, and acts once.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
public sealed class StalePageTests(Browser browser)
{
    private const string AskAgain = "() => document.dispatchEvent(new Event('visibilitychange'))";

    [Fact]
    [Trait("Promise", "10")]
    public async Task APageSaysThatItIsOldUntilTheServerAnswersAgain()
    {
        await using var site = await Site.StartAsync();
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/");
        await page.RouteAsync("**/*part=main*", route => route.FulfillAsync(new() { Status = 503 }));
        await page.EvaluateAsync(AskAgain);
        await Expect(page.Locator("#live-note")).ToContainTextAsync("The server answered 503. This page shows how it");
        await Expect(page.Locator("#live-note")).ToBeInViewportAsync();
        await window.IsUsableAsync();

        await page.UnrouteAllAsync();
        await page.EvaluateAsync(AskAgain);
        await Expect(page.Locator("#live-note")).ToHaveTextAsync("");
    }

    [Fact]
    public async Task AnUpdateLeavesTheFocusWhereItIs()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        var id = await site.SubmitAsync("list.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync($"/lists/{id}");
        await page.GetByText("Cancel the list…").FocusAsync();
        await site.CommandAsync("pause", id);

        await Expect(page.Locator(".state")).ToHaveTextAsync("paused");
        await Expect(page.GetByText("Cancel the list…")).ToBeFocusedAsync();
        window.HasNoFault();
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ADoubleClickActsOnce()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        var list = await site.WriteAsync("daily.txt", Some.Urls(2));
        await site.CommandAsync("schedule", "add", "daily", list, "--cron", "0 6 1 1 *");
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/schedules/daily/run");
        var posts = 0;
        page.Request += (_, request) => posts += request.Method == "POST" ? 1 : 0;

        await page.DblClickAsync("button:text-is('Run now')");

        await Expect(page.Locator("h1")).ToHaveTextAsync("daily.txt");
        Assert.Equal(1, posts);
        window.HasNoFault();
    }
}
