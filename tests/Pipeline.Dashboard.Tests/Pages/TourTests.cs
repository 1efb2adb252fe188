using System.Text.Json;
using Pipeline.Dashboard.Tests.Browsing;
using Pipeline.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>What a newcomer does, in the order of README: each step by command and in a browser.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
public sealed class TourTests(Browser browser)
{
    [Fact]
    public async Task Step1ARunOfTheSampleSiteIsWatched()
    {
        await using var site = await Site.RunAsync("task_slow_ms=5000");
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/");
        await Expect(page.Locator("[data-part=lists]")).ToContainTextAsync("sample site");
        await Expect(page.Locator(".badge")).ToHaveTextAsync("EMULATOR");
        Assert.Contains("sample site", await site.CommandAsync("status", "--all"), StringComparison.Ordinal);

        Assert.Contains(await site.EndAsync(), new[] { 0, 3 });
        Assert.True(File.Exists(Path.Combine(site.Out, "manifest.json")));
    }

    [Fact]
    public async Task Step2AListOfOnesOwnIsFetched()
    {
        await using (var run = await Site.RunAsync("", Some.Urls(4)))
        {
            Assert.Equal(0, await run.EndAsync());
            Assert.Equal(4, File.ReadLines(Path.Combine(run.Out, "records.ndjson")).Count());
        }

        await using var site = await Site.StartAsync();
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/submit");
        await page.GetByLabel("List", new() { Exact = true }).FillAsync(
            "Page,Country\n" + string.Join('\n', Some.Urls(4).Select(url => $"{url},US")));
        await page.ClickAsync("text=Check, free");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("in the field below");
        await page.GetByLabel("URL column").FillAsync("Page");
        await page.ClickAsync("button:text-is('Submit')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await Expect(page.Locator("[data-part=ended]")).ToContainTextAsync("2xx");
        var file = await page.RunAndWaitForDownloadAsync(
            () => page.ClickAsync("[data-part=ended] a:text-is('Records')"));
        Assert.Equal(4, File.ReadLines(await file.PathAsync()).Count());
        await window.IsUsableAsync();

        await page.ClickAsync("text=Fetch the list again…");
        await Expect(page.Locator("main")).ToContainTextAsync("as a list of its own");
        await page.ClickAsync("button:text-is('Fetch 4 URLs again')");
        await Expect(page.Locator("[data-part=head] .id")).ToContainTextAsync("-2");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await Expect(page.Locator("[data-part=ended]")).ToContainTextAsync("2xx");
        window.HasNoFault();
    }

    [Fact]
    public async Task Step3AListIsPausedResumedAndCancelled()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        var id = await site.SubmitAsync("mine.txt", Some.Urls(5));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync($"/lists/{id}");

        await site.CommandAsync("pause", id);
        await Expect(page.Locator(".state")).ToHaveTextAsync("paused");
        await page.ClickAsync("button:text-is('Resume')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("open");
        Assert.Equal("open", await StateAsync(site, id));
        await page.ClickAsync("button:text-is('Pause')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("paused");
        Assert.Equal("paused", await StateAsync(site, id));
        await site.CommandAsync("cancel", id);
        await Expect(page.Locator(".state")).ToHaveTextAsync("cancelling");
        await window.GoAsync("/");
        foreach (var what in new[] { "mine.txt: Submitted", "mine.txt: Paused", "mine.txt: Cancelled" })
            await Expect(page.Locator("[data-part=money]")).ToContainTextAsync(what);
        window.HasNoFault();
    }

    [Fact]
    public async Task Step4AFailureIsReplayed()
    {
        await using (var run = await Site.RunAsync("task_fail=2", Some.Urls(4)))
        {
            Assert.Equal(3, await run.EndAsync());
            Assert.Contains("task_failed", await run.CommandAsync("failures"), StringComparison.Ordinal);
            await run.CommandAsync("replay", "--resubmit");
            Assert.Equal(4, File.ReadLines(Path.Combine(run.Out, "records.ndjson")).Count());
        }

        await using var site = await Site.StartAsync("task_fail=2");
        var id = await site.SubmitAsync("list.txt", Some.Urls(4));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync($"/lists/{id}");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await page.ClickAsync("text=Post failures again…");
        await page.ClickAsync("button:text-is('Post 2 inputs again')");
        await Expect(page.Locator("[data-part=head] .note")).ToContainTextAsync("Posted again: 2.");
        await Expect(page.Locator("[data-part=failures]")).ToContainTextAsync("No failure.");
        window.HasNoFault();
    }

    [Fact]
    public async Task Step5TheHistoryOfOneUrlIsRead()
    {
        await using var site = await Site.StartAsync();
        var id = await site.SubmitAsync("list.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync($"/lists/{id}");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await page.GetByRole(Microsoft.Playwright.AriaRole.Searchbox).FillAsync(Some.Urls(3)[1]);
        await page.ClickAsync("button:text-is('Find')");
        await Expect(page.Locator(".steps")).ToContainTextAsync("Record written, HTTP 200");

        Assert.Contains(
            "Record written, HTTP 200", await site.CommandAsync("explain", Some.Urls(3)[1]), StringComparison.Ordinal);
        var explained = JsonElement.Parse(await site.CommandAsync("explain", Some.Urls(3)[1], "--json"));
        Assert.Equal(
            Some.Urls(3)[1], explained.GetProperty("inputs")[0].GetProperty("input").GetProperty("url").GetString());
    }

    [Fact]
    public async Task Step6AListIsScheduled()
    {
        await using var site = await Site.StartAsync();
        var list = await site.WriteAsync("daily.txt", Some.Urls(2));
        await site.CommandAsync("schedule", "add", "daily", list, "--cron", "0 6 * * *");
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/schedules");
        await Expect(page.Locator("[data-part=schedules]")).ToContainTextAsync("daily.txt");
        await window.IsUsableAsync();
        await page.ClickAsync("text=Run now…");
        await Expect(page.Locator("main")).ToContainTextAsync("may be billed");
        await page.ClickAsync("button:text-is('Run now')");
        await window.GoAsync("/");
        await Expect(page.Locator("[data-part=finished]")).ToContainTextAsync("daily.txt");
        await page.ClickAsync("text=Schedules");
        await page.ClickAsync("[data-part=schedules] td a[href*='/lists/daily-']");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        await page.ClickAsync("text=Schedules");
        await page.ClickAsync("button:text-is('Pause')");
        await Expect(page.Locator("tbody th .state")).ToHaveTextAsync("paused");
        Assert.Contains("paused", await site.CommandAsync("schedule", "list"), StringComparison.Ordinal);
        await site.CommandAsync("schedule", "remove", "daily");

        await window.GoAsync("/schedules");
        await Expect(page.Locator("[data-part=schedules]")).ToContainTextAsync("pipeline schedule add");
        await page.GetByLabel("Schedule", new() { Exact = true }).FillAsync("hourly");
        await page.GetByLabel("Times").FillAsync("0 * * *");
        await page.GetByLabel("List", new() { Exact = true }).FillAsync(Some.Urls(1)[0]);
        await page.ClickAsync("button:text-is('Set the schedule')");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("0 6 * * *");
        await Expect(page.GetByLabel("Schedule", new() { Exact = true })).ToHaveValueAsync("hourly");
        await page.GetByLabel("Times").FillAsync("0 * * * *");
        await page.ClickAsync("button:text-is('Set the schedule')");
        await Expect(page.Locator("[data-part=schedules]")).ToContainTextAsync("hourly");
        await window.IsUsableAsync();
        Assert.Contains("hourly", await site.CommandAsync("schedule", "list"), StringComparison.Ordinal);
        window.HasNoFault();
    }

    [Fact]
    public async Task RunAndServeShowTheSamePages()
    {
        await using var serve = await Site.StartAsync();
        await using var run = await Site.RunAsync("task_slow_ms=60000", Some.Urls(1));
        foreach (var site in new[] { serve, run })
        {
            using var http = new HttpClient { BaseAddress = site.Address };
            await SamePages.AreShownAsync(http, "/");
        }
    }

    private static async Task<string?> StateAsync(Site site, string id)
    {
        using var http = new HttpClient { BaseAddress = site.Address };
        var list = await http.GetStringAsync($"/api/lists/{id}", TestContext.Current.CancellationToken);
        return JsonElement.Parse(list).GetProperty("state").GetString();
    }
}
