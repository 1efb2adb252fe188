using Microsoft.Playwright;
using Pipeline.Dashboard.Tests.Browsing;
using Pipeline.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>What pages say about faults, and how they behave for users and attackers.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
public sealed class FaultTests(Browser browser)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "10")]
    public async Task PostsWithoutAnAnswerShowTheirEvidenceAndWhatHappensWhen()
    {
        await using var site = await Site.StartAsync("post_500_before=always");
        await site.SubmitAsync("list.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/");
        var panel = page.Locator("[data-part=unknown]");
        await Expect(panel).ToContainTextAsync("no webhook, searched");
        await Expect(panel.Locator("td[data-label='Given up'] time")).ToBeVisibleAsync();
        await window.IsUsableAsync();
        await panel.Locator("a").First.ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("list.txt");
        window.HasNoFault();
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task BrokenWebhooksAreNamedWithTheCommandThatChecksThem()
    {
        await using var site = await Site.StartAsync(
            "webhook_lost=always,task_slow_ms=60000@0.2", ("Pipeline__Sweep__WebhookGrace", "00:00:01"),
            ("Pipeline__Sweep__PollInterval", "00:00:01"),
            ("Pipeline__Sweep__MaxPollInterval", "00:00:01"));
        await site.SubmitAsync("list.txt", Some.Urls(90));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/");
        await Expect(page.Locator("[data-part=outcomes] .note"))
            .ToContainTextAsync("Webhooks reported only 0 of the last", new() { Timeout = 40_000 });
        await Expect(page.Locator("[data-part=outcomes] .note code")).ToHaveTextAsync("pipeline doctor");
        await window.IsUsableAsync();
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task AFullDiskIsTheVerdict()
    {
        using var disk = SmallDisk.Mount(megabytes: 32);
        await using var site = await Site.StartOnAsync(disk, "task_slow_ms=60000");
        await site.SubmitAsync("list.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address, width: 390, ColorScheme.Dark);
        var page = await window.GoAsync("/");
        await Expect(page.Locator("[data-part=lists]")).ToContainTextAsync("list.txt");
        disk.Fill();

        await Expect(page.Locator(".verdict.stuck")).ToContainTextAsync("The disk that holds");
        await Expect(page.Locator(".verdict .more")).ToContainTextAsync("Free some space");
        await window.IsUsableAsync();
    }

    [Fact]
    public async Task AScreenshotIsShownInTheFrame()
    {
        await using var site = await Site.StartAsync();
        var id = await site.SubmitAsync("list.txt", Some.Urls(1));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync($"/lists/{id}");
        await Expect(page.Locator(".state")).ToHaveTextAsync("closed");
        // The emulator has no browser, so the record gets one here, in the place of its markup.
        var file = Path.Combine(site.Out, "records.ndjson");
        var line = await File.ReadAllTextAsync(file, Token);
        var (from, to) = (line.IndexOf("\"html\":\"", StringComparison.Ordinal),
            line.IndexOf("\"},\"content_digest\"", StringComparison.Ordinal) + 1);
        var shot = "\"screenshot\":\"" + Convert.ToBase64String(Png) + "\"";
        await File.WriteAllTextAsync(file, line[..from] + shot.PadRight(to - from) + line[to..], Token);

        await window.GoAsync($"/search?q={Uri.EscapeDataString(Some.Urls(1)[0])}");
        await Expect(page.Locator(".tabs")).ToContainTextAsync("screenshot");
        var image = page.FrameLocator("iframe").Locator("img");
        await Expect(image).ToBeVisibleAsync();
        Assert.Equal(1, await image.EvaluateAsync<int>("img => img.naturalWidth"));
        window.HasNoFault();
    }

    [Fact]
    public async Task AListIsDroppedOntoTheForm()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/submit");
        await page.EvaluateAsync(
            """
            urls => {
              const data = new DataTransfer();
              data.items.add(new File(['url\n' + urls.join('\n')], 'dropped.csv', { type: 'text/csv' }));
              const drop = document.querySelector('.drop');
              drop.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, bubbles: true, cancelable: true }));
              window.wasOver = drop.classList.contains('over');
              drop.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
            }
            """, Some.Urls(3));
        Assert.True(await page.EvaluateAsync<bool>("() => window.wasOver"));
        await page.ClickAsync("button:text-is('Submit')");
        await Expect(page.Locator("h1")).ToHaveTextAsync("dropped.csv");
        await Expect(page.Locator("[data-part=head]")).ToContainTextAsync("of inputs");
        window.HasNoFault();
    }

    [Fact]
    public async Task UpdatesStopInAHiddenTabAndByTheSwitch()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        await using var window = await browser.OpenAsync(site.Address);
        // A page asks once more as soon as its stream is open.
        var page = window.Page;
        await page.RunAndWaitForResponseAsync(
            () => window.GoAsync("/"), answer => answer.Url.Contains("part=main", StringComparison.Ordinal));
        var asked = 0;
        page.Request += (_, request) => asked += request.Url.Contains("part=main", StringComparison.Ordinal) ? 1 : 0;
        await page.EvaluateAsync(
            """
            () => {
              Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.isHidden === true });
              window.isHidden = true;
              document.dispatchEvent(new Event('visibilitychange'));
            }
            """);
        await site.SubmitAsync("hidden.txt", Some.Urls(2));
        await Expect(page.Locator("[data-part=lists]")).Not.ToContainTextAsync("hidden.txt");
        Assert.Equal(0, asked);
        await page.EvaluateAsync(
            "() => { window.isHidden = false; document.dispatchEvent(new Event('visibilitychange')); }");
        await Expect(page.Locator("[data-part=lists]")).ToContainTextAsync("hidden.txt");

        await page.GetByLabel("Updates by itself").UncheckAsync();
        asked = 0;
        await site.SubmitAsync("off.txt", Some.Urls(3));
        Assert.Equal(0, asked);
        await page.ReloadAsync();
        await Expect(page.GetByLabel("Updates by itself")).Not.ToBeCheckedAsync();
        await Expect(page.Locator("[data-part=lists]")).ToContainTextAsync("off.txt");
        window.HasNoFault();
    }

    [Fact]
    public async Task LabelsOfChartsAreWhole()
    {
        await using var site = await Site.StartAsync();
        await site.SubmitAsync("list.txt", Some.Urls(30));
        foreach (var width in new[] { 390, 1280 })
        {
            await using var window = await browser.OpenAsync(site.Address, width);
            var page = await window.GoAsync("/");
            await Expect(page.Locator("[data-part=charts] svg").First).ToBeVisibleAsync();
            var cut = await page.EvaluateAsync<string[]>(
                """
                () => [...document.querySelectorAll('.chart text')].filter(text => {
                  const [box, chart] = [text.getBoundingClientRect(), text.closest('svg').getBoundingClientRect()];
                  return box.left < chart.left - 1 || box.right > chart.right + 1;
                }).map(text => text.textContent)
                """);
            Assert.Empty(cut);
            window.HasNoFault();
        }
    }

    [Fact]
    public async Task ManyListsAreSteeredBySelectionAndByFilter()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        for (var i = 0; i < 3; i++)
            await site.SubmitAsync(i == 2 ? "other.txt" : $"shop-{i}.txt", Some.Urls(i + 1));
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/lists");
        await page.ClickAsync("button:text-is('Pause selected')");
        await Expect(page.Locator("main")).ToContainTextAsync("No list is selected");

        await window.GoAsync("/lists?name=shop");
        await Expect(page.Locator("[data-part=open] h3")).ToHaveCountAsync(2);
        await window.IsUsableAsync();
        await page.ClickAsync("button:text-is('Pause all')");
        await Expect(page.Locator("[data-part=open] .note")).ToContainTextAsync("2 lists done.");
        await window.GoAsync("/lists?state=paused");
        await Expect(page.Locator("[data-part=open] h3")).ToHaveCountAsync(2);
        await page.GetByLabel("Select shop-1.txt").CheckAsync();
        await page.ClickAsync("button:text-is('Cancel selected…')");
        await Expect(page.Locator("main")).ToContainTextAsync("1 open list.");
        await page.ClickAsync("button:text-is('Cancel 1 list')");
        await Expect(page.Locator("[data-part=open] .note")).ToContainTextAsync("1 list done.");
        await window.GoAsync("/lists?state=open");
        await Expect(page.Locator("[data-part=open] h3")).ToHaveTextAsync("other.txt");
        window.HasNoFault();
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task TextsOfStrangersStayTextsInSchedulesAndFilters()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/schedules");
        foreach (var (text, i) in Some.Hostile.Where(text => text.Length < 100).Select((text, i) => (text, i)))
        {
            await window.GoAsync("/schedules");
            await page.GetByLabel("Schedule", new() { Exact = true }).FillAsync($"s{i}");
            await page.GetByLabel("Times").FillAsync("0 6 1 1 *");
            await page.GetByLabel("List", new() { Exact = true }).FillAsync(Some.Urls(1)[0]);
            await page.GetByLabel("Name of the list, for people").FillAsync(text);
            await page.ClickAsync("button:text-is('Set the schedule')");
            await Expect(page.Locator("[data-part=schedules] tbody tr")).ToHaveCountAsync(i + 1);
        }
        foreach (var path in new[]
        {
            "/schedules", "/", "/lists?name=" + Uri.EscapeDataString(Some.Hostile[1]) + "&state=%3Cscript%3E",
        })
        {
            await window.GoAsync(path);
            Assert.False(await page.EvaluateAsync<bool>("() => 'pwned' in window"), path);
            Assert.DoesNotContain('\u202E', await page.InnerTextAsync("body"));
            await window.IsUsableAsync();
        }
        window.HasNoFault();
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task FailuresThatNoResultTellsOfAreLinked()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        await site.SubmitAsync("list.txt", [.. Some.Urls(1), "javascript:alert(1)"]);
        await using var window = await browser.OpenAsync(site.Address, width: 390);
        var page = await window.GoAsync("/");
        await page.ClickAsync("[data-part=failures] a:has-text('list.txt')");
        await Expect(page.Locator("tbody")).ToContainTextAsync("invalid input");
        await window.IsUsableAsync();

        // Neither a replay nor another POST can repair it, so the page offers neither.
        await page.ClickAsync("tbody th a");
        await Expect(page.Locator(".note.bad")).ToContainTextAsync("Correct it and submit it in a new list");
        Assert.Equal(0, await page.Locator("main button").CountAsync());
        await page.ClickAsync("dl.facts a:has-text('list.txt')");
        await Expect(page.Locator("h1")).ToHaveTextAsync("list.txt");
        await Expect(page.GetByText("Post failures again…")).ToHaveCountAsync(0);
        window.HasNoFault();
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task AScheduleSaysWhatBecameOfItsLastRun()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        var list = await site.WriteAsync("daily.txt", Some.Urls(1));
        await site.CommandAsync("schedule", "add", "daily", list, "--cron", "0 6 1 1 *");
        await site.CommandAsync("schedule", "run", "daily");
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync("/schedules");
        await Expect(page.Locator("[data-part=schedules] .state")).ToHaveTextAsync("open");
        await window.IsUsableAsync();
        window.HasNoFault();
    }

    [Fact]
    public async Task APrintedPageHasNoControls()
    {
        await using var site = await Site.StartAsync();
        await using var window = await browser.OpenAsync(site.Address, scheme: ColorScheme.Dark);
        var page = await window.GoAsync("/schedules");
        await page.EmulateMediaAsync(new() { Media = Media.Print, ColorScheme = ColorScheme.Light });
        await Expect(page.GetByRole(AriaRole.Navigation)).ToBeHiddenAsync();
        await Expect(page.Locator("main .actions").First).ToBeHiddenAsync();
        await Expect(page.Locator("h1")).ToBeVisibleAsync();
    }

    // One transparent pixel.
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=");
}
