using System.Net;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages;

namespace Pipeline.Tests.Dashboard;

/// <summary>What pages answer to unusual requests.</summary>
public sealed class PageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AListThatIsTooLongForTheFormIsAnswered413WithTheCommandThatTakesIt()
    {
        await using var api = await ApiWorld.StartAsync("");

        var (status, page) = await SubmitAsync(api, SentList.MaxBytes + (1 << 20));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Contains("at most 64 MiB", page);
        Assert.Contains("<code class=\"command\">pipeline submit LIST</code>", page);
    }

    [Fact]
    public async Task AListThatAScheduleHasJustSentIsShownAsBeingRead()
    {
        await using var api = await ApiWorld.StartAsync("");
        using (var put = await api.Client.PutAsync(
            "/api/schedules/daily?cron=0%206%20*%20*%20*&name=shops.txt",
            new StringContent("https://example.com/1\n"), Token))
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        var listId = (await api.PostAsync("/api/schedules/daily/run")).Body.GetProperty("list_id").GetString();

        var page = await api.Client.GetStringAsync($"/lists/{listId}", Token);

        Assert.Contains("This list is being read", page);
        Assert.Contains("Schedule daily has submitted ", page);
        Assert.Contains("data-live=\"\"", page);
        var said = await api.GetAsync($"/api/lists/{listId}");
        Assert.Equal(("queued", "request.txt"),
            (said.GetProperty("state").GetString(), said.GetProperty("source").GetString()));
        Assert.StartsWith("Schedule daily has submitted ", said.GetProperty("message").GetString());
        using var failures = await api.Client.GetAsync($"/api/lists/{listId}/failures", Token);
        Assert.Equal(HttpStatusCode.NotFound, failures.StatusCode);
        Assert.Contains("has not read it yet", await failures.Content.ReadAsStringAsync(Token));
        using var other = await api.Client.GetAsync("/lists/daily-20000101-0000", Token);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Theory]
    [InlineData("/search?q=")]
    [InlineData("/lists?name=")]
    public async Task AFieldThatRepeatsWhatWasAskedForShowsHiddenCharacters(string path)
    {
        await using var api = await ApiWorld.StartAsync("");

        var page = await api.Client.GetStringAsync(path + Uri.EscapeDataString("a\u202Egpj.b"), Token);

        Assert.DoesNotContain('\u202E', page);
        Assert.Contains("value=\"aU\u002B202Egpj.b\"".Replace("\u002B", "&#x2B;", StringComparison.Ordinal), page);
    }

    [Fact]
    public async Task TheFirstPageIsPreparedByRenderingItOnce()
    {
        await using var api = await ApiWorld.StartAsync("");
        await api.World.PlanAsync(3);

        await using var warmup = PageWarmup.Start(api.Services, TimeSpan.Zero);
        await warmup.Completion.WaitAsync(TimeSpan.FromMinutes(1), Token);

        Assert.True(warmup.HasRendered);
    }

    [Fact]
    public async Task AWarmupThatHasNotBegunEndsWithItsHost()
    {
        await using var api = await ApiWorld.StartAsync("");

        var warmup = PageWarmup.Start(api.Services, TimeSpan.FromDays(1));
        await warmup.DisposeAsync();

        Assert.True(warmup.Completion.IsCompletedSuccessfully);
        Assert.False(warmup.HasRendered);
    }

    private static async Task<(HttpStatusCode Status, string Page)> SubmitAsync(ApiWorld api, long length)
    {
        var form = await api.Client.GetStringAsync("/submit", Token);
        using var list = new StreamContent(new MemoryStream(new byte[length]));
        using var content = new MultipartFormDataContent
        {
            { new StringContent(form.Split("form_token\" value=\"")[1].Split('"')[0]), "form_token" },
        };
        content.Add(list, "file", "urls.txt");

        using var answer = await api.Client.PostAsync("/submit/check", content, Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }
}
