using System.Net;
using Microsoft.Playwright;
using Pipeline.Dashboard.Tests.Browsing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Dashboard.Tests.Pages;

/// <summary>Who may see pages and send forms, on a real server.</summary>
[Collection(nameof(Browsing.Pages))]
[Trait("Needs", "servers")]
[Trait("Promise", "9")]
public sealed class SignInTests(Browser browser)
{
    private const string Key = "a-key-for-tests-of-pages";

    [Fact]
    public async Task TheKeyIsGivenOnceAndReadOnlyPagesOfferNothingToDo()
    {
        await using var site = await Site.StartAsync(
            "task_slow_ms=60000", ("Pipeline__Dashboard__Key", Key), ("Pipeline__Dashboard__ReadOnly", "true"));
        var id = await site.SubmitAsync("secret.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address);
        var page = await window.GoAsync($"/lists/{id}", status: 401);
        Assert.DoesNotContain("secret.txt", await page.ContentAsync(), StringComparison.Ordinal);
        await window.IsUsableAsync();
        await page.GetByLabel("Key").FillAsync("not this one, surely");
        await page.ClickAsync("button:text-is('Sign in')");
        await Expect(page.Locator("[role=alert]")).ToHaveTextAsync("This is not the key.");
        await page.GetByLabel("Key").FillAsync(Key);
        await page.ClickAsync("button:text-is('Sign in')");
        // It is the requested page.
        await Expect(page.Locator("h1")).ToHaveTextAsync("secret.txt");
        Assert.Equal(0, await page.Locator("main form[method=post]").CountAsync());
        await Expect(page.Locator("footer")).ToContainTextAsync("Read only");
        await window.GoAsync("/submit", status: 404);
        foreach (var path in new[] { "/", $"/lists/{id}" })
        {
            await window.GoAsync(path);
            Assert.DoesNotContain(Key, await page.ContentAsync(), StringComparison.Ordinal);
        }
        window.HasNoFault();
    }

    [Fact]
    public async Task APageOfAnEarlierSessionAsksAgainAndThenActs()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000", ("Pipeline__Dashboard__Key", Key));
        var id = await site.SubmitAsync("list.txt", Some.Urls(3));
        await using var window = await browser.OpenAsync(site.Address, runsScripts: false);
        var page = await window.GoAsync($"/lists/{id}", status: 401);
        await SignInAsync(page);
        var form = await page.Context.NewPageAsync();
        await form.GotoAsync("/submit");
        await form.Locator("textarea").FillAsync(Some.Urls(2)[1]);
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync("/");
        await other.ClickAsync("button:text-is('Sign out')");
        await SignInAsync(other);

        await page.ClickAsync("button:text-is('Pause')");
        await Expect(page.Locator("main")).ToContainTextAsync($"You asked for: pause list {id}.");
        await Expect(page.Locator("main")).ToContainTextAsync("Nothing was done yet");
        await page.ClickAsync("button:text-is('Do it')");
        await Expect(page.Locator(".state")).ToHaveTextAsync("paused");

        await form.ClickAsync("button:text-is('Submit')");
        await Expect(form.Locator("[role=alert]")).ToContainTextAsync("Nothing was done yet");
        await form.ClickAsync("button:text-is('Submit')");
        await Expect(form.Locator("h1")).ToHaveTextAsync("dashboard");
        window.HasNoFault();
    }

    [Fact]
    public async Task WhoHasSignedInElsewhereSeesThePageThatWasAskedFor()
    {
        await using var site = await Site.StartAsync("", ("Pipeline__Dashboard__Key", Key));
        await using var window = await browser.OpenAsync(site.Address, runsScripts: false);
        var page = await window.GoAsync("/schedules", status: 401);
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync("/");
        await SignInAsync(other);

        await SignInAsync(page);

        await Expect(page.Locator("h1")).ToHaveTextAsync("Schedules");
        window.HasNoFault();
    }

    [Fact]
    public async Task ForgedPostsDoNothing()
    {
        await using var site = await Site.StartAsync("task_slow_ms=60000");
        var id = await site.SubmitAsync("list.txt", Some.Urls(3));
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        http.BaseAddress = site.Address;
        var page = await http.GetStringAsync(new Uri($"lists/{id}", UriKind.Relative), Ct);
        var token = page.Split("form_token\" value=\"")[1].Split('"')[0];

        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("pause", null, null));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("pause", "made-up", null));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("pause", token, "https://evil.example"));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("pause", token, "http://127.0.0.1:1"));
        using var read = await http.GetAsync(new Uri($"lists/{id}/pause", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, read.StatusCode);
        var list = new Uri($"lists/{id}", UriKind.Relative);
        Assert.DoesNotContain("paused", await http.GetStringAsync(list, Ct), StringComparison.Ordinal);

        var own = site.Address.GetLeftPart(UriPartial.Authority);
        Assert.Equal(HttpStatusCode.Conflict, await PostAsync("pause", "made-up", own));
        Assert.DoesNotContain("paused", await http.GetStringAsync(list, Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, await PostAsync("pause", token, own));
        Assert.Contains("paused", await http.GetStringAsync(list, Ct), StringComparison.Ordinal);

        async Task<HttpStatusCode> PostAsync(string verb, string? formToken, string? origin)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"lists/{id}/{verb}")
            {
                Content = new FormUrlEncodedContent(formToken is null ? [] : [new("form_token", formToken)]),
            };
            if (origin is not null)
                request.Headers.Add("Origin", origin);
            using var answer = await http.SendAsync(request, Ct);
            return answer.StatusCode;
        }
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.GetByLabel("Key").FillAsync(Key);
        await page.ClickAsync("button:text-is('Sign in')");
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
