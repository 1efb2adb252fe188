using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator.Overview;

/// <summary>The emulator's page: what it shows, who may see it, and who may change faults.</summary>
public sealed partial class OverviewTests
{
    private const string Token = "0123456789abcdefghij0123456789abcdefghijABC";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThePageShowsWhatTheEmulatorDoes()
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var page = new PageClient(lab.Emulator);
        Assert.Contains("No task yet.", await page.ReadAsync());

        lab.Site.RefuseWebhooks(1);
        var accepted = await lab.PostAsync("v1/extract/batch", new JsonObject
        {
            ["inputs"] = new JsonArray(
                new JsonObject { ["url"] = lab.Site.Page(1) },
                new JsonObject { ["url"] = lab.Site.Page(2) }),
            ["shared_inputs"] = new JsonObject
            {
                ["storage_type"] = "s3",
                ["storage_url"] = "s3://b/p/",
                ["storage_compress"] = true,
                ["callback_url"] = $"{lab.Site.Hook(Token)}?key={Token}",
            },
        });
        var batch = await lab.FinishAsync((string)accepted["batch_id"]!);
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["callbacks_accepted"] == 2);

        var html = await page.ReadAsync();
        Assert.Contains("<dt>Success</dt><dd>2</dd>", html);
        Assert.Contains("<dt>Webhooks accepted</dt><dd>2 of 3</dd>", html);
        Assert.Contains((string)batch["id"]!, html);
        Assert.All(batch["tasks"]!.AsArray(), t => Assert.Contains((string)t!["id"]!, html));
        Assert.Contains($"{lab.Site.Address}/hook/[token]", html);
        Assert.Contains(">500</span>", html);
        Assert.Contains(">204</span>", html);
        Assert.DoesNotContain(Token, html);
        Assert.Contains($"--api {lab.Emulator.BaseAddress.AbsoluteUri.TrimEnd('/')}", html);
        Assert.Matches(@"POST extract</th><td>200</td><td class=""number"">1</td>", html);
        var link = WebUtility.HtmlDecode(ObjectLink().Match(html).Groups[1].Value);
        using var shown = await page.Http.GetAsync(link, Ct);
        Assert.Equal("text/plain", shown.Content.Headers.ContentType!.MediaType);
        Assert.Contains("\"status\":\"success\"", await shown.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task AFaultIsSwitchedOnAndOffWhileTheEmulatorRuns()
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var page = new PageClient(lab.Emulator);
        await page.SendAsync(("name", "post_402"), ("value", "2"), ("switch", "on"));
        await page.SendAsync(("name", "webhook_form"), ("word", "bare"), ("value", "10%"), ("switch", "on"));
        Assert.Equal(402, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        Assert.Contains("2, 1 of 2 happened", await page.ReadAsync());

        // Changing another fault leaves the count unchanged.
        await page.SendAsync(("name", "get_500"), ("value", ""), ("switch", "on"));
        Assert.Equal(402, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        Assert.Equal(200, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        Assert.Equal(500, (await lab.GetAsync("v1/tasks")).Status);
        await page.SendAsync(("name", "get_500"), ("switch", "off"));

        Assert.Equal(200, (await lab.GetAsync("v1/tasks")).Status);
        Assert.Equal(
            """{"post_402":"2","webhook_form":"bare@0.1"}""",
            (await lab.GetAsync("_admin/faults")).Body!.ToJsonString());
        await page.SendAsync(("switch", "all-off"));
        Assert.Contains("No fault is on", await page.ReadAsync());
    }

    [Theory]
    [InlineData("post_42", "1", "on", "Did you mean post_429?")]
    [InlineData("post_42", "", "off", "is not a known fault")]
    [InlineData("post_402", "often", "on", "Fault &#x27;post_402&#x27; takes a count such as 3")]
    public async Task AWrongValueChangesNothingAndSaysWhy(string name, string value, string way, string message)
    {
        await using var lab = await EmulatorLab.StartAsync("get_gzip=1");
        using var page = new PageClient(lab.Emulator);
        using var answer = await page.PostAsync([("name", name), ("value", value), ("switch", way)], page.Origin);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(message, await answer.Content.ReadAsStringAsync(Ct));
        Assert.Contains("get_gzip", (await lab.GetAsync("_admin/faults")).Body!.ToJsonString());
    }

    [Theory]
    [InlineData("http://evil.example", null)]
    [InlineData("null", null)]
    [InlineData(null, null)]
    [InlineData("http://127.0.0.1:1", null)]
    [InlineData("own", "cross-site")]
    [InlineData("own", "same-site")]
    [InlineData("own", "none")]
    public async Task APageOfAnotherSiteCannotSwitchFaults(string? origin, string? site)
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var page = new PageClient(lab.Emulator);
        using var answer = await page.PostAsync(
            [("name", "post_402"), ("switch", "on")], origin == "own" ? page.Origin : origin, site);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("{}", (await lab.GetAsync("_admin/faults")).Body!.ToJsonString());
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("X-Forwarded-For", "203.0.113.9")]
    [InlineData("Via", "1.1 proxy")]
    public async Task WithoutAKeyOnlyThisMachineSeesThePage(string header, string value)
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var page = new PageClient(lab.Emulator);
        Assert.Equal(HttpStatusCode.Forbidden, await page.StatusAsync("/", (header, value)));
        Assert.Equal(HttpStatusCode.Forbidden, await page.StatusAsync("/_admin/stats", (header, value)));
        Assert.Equal(HttpStatusCode.Forbidden, await page.StatusAsync("/_admin/page/object?bucket=b", (header, value)));
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("Bearer right", HttpStatusCode.OK)]
    [InlineData("Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData("Basic bWU6cmlnaHQ=", HttpStatusCode.OK)]
    [InlineData("Basic bWU6d3Jvbmc=", HttpStatusCode.Unauthorized)]
    [InlineData("Basic !", HttpStatusCode.Unauthorized)]
    public async Task TheKeyOpensThePageToOthers(string? authorization, HttpStatusCode expected)
    {
        await using var lab = await EmulatorLab.StartAsync(apiKey: "right");
        using var page = new PageClient(lab.Emulator);
        (string, string)[] headers = [("X-Forwarded-For", "203.0.113.9")];
        if (authorization is not null)
            headers = [.. headers, ("Authorization", authorization)];
        Assert.Equal(expected, await page.StatusAsync("/", headers));
    }

    [Fact]
    public async Task AnObjectCannotActAsThePage()
    {
        await using var lab = await EmulatorLab.StartAsync();
        await lab.Emulator.EnsureBucketAsync("b");
        using var page = new PageClient(lab.Emulator);
        using var script = new StringContent("<script>fetch('/')</script>", Encoding.UTF8, "text/html");
        using (await page.Http.PutAsync("s3/b/%3Cscript%3E.html", script, Ct))
        {
        }
        Assert.Contains("&lt;script&gt;.html", await page.ReadAsync());

        using var raw = await page.Http.GetAsync("s3/b/%3Cscript%3E.html", Ct);
        Assert.Equal("sandbox", raw.Headers.GetValues("Content-Security-Policy").Single());
        using var shown = await page.Http.GetAsync("_admin/page/object?bucket=b&key=%3Cscript%3E.html", Ct);
        Assert.Equal("text/plain", shown.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("sandbox;", shown.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task ThePageIsAsLongWithThousandsOfTasks()
    {
        await using var lab = await EmulatorLab.StartAsync("task_never");
        using var page = new PageClient(lab.Emulator);
        for (var batch = 0; batch < 20; batch++)
            await lab.PostBatchAsync(Enumerable.Range(0, 200).Select(n => lab.Site.Page(n)));

        var html = await page.ReadAsync();

        Assert.Contains("4,000 in all", html);
        Assert.Equal(15, Regex.Count(html, "data-label=\"Task\""));
        Assert.InRange(html.Length, 1, 100_000);
    }

    [Fact]
    public async Task AFolderOfAnOlderVersionIsCountedOnce()
    {
        await using var lab = await EmulatorLab.StartAsync();
        await lab.RunBatchAsync(3, "s3://b/");
        await lab.RestartAsync();
        await lab.Emulator.DisposeAsync();
        await using (var database = new SqliteConnection($"Data Source={lab.DataFolder}/emulator.db;Pooling=False"))
        {
            await database.OpenAsync(Ct);
            using var command = database.CreateCommand();
            command.CommandText =
                "DROP TABLE totals; DROP TRIGGER batch_added; DROP TRIGGER task_added; DROP TRIGGER task_changed";
            await command.ExecuteNonQueryAsync(Ct);
        }
        for (var start = 0; start < 2; start++)
            await lab.RestartAsync();
        await lab.RunBatchAsync(1);

        var stats = await lab.StatsAsync();
        Assert.Equal("""{"total":4,"pending":0,"success":4,"error":0}""", stats["tasks"].ToJsonString());
        Assert.Equal(3, (int)stats["objects_delivered"]);
    }

    [GeneratedRegex("href=\"(/_admin/page/object[^\"]*)\"")]
    private static partial Regex ObjectLink();

    /// <summary>What a browser sends to the page.</summary>
    private sealed class PageClient(RunningEmulator emulator) : IDisposable
    {
        public HttpClient Http { get; } = new(new HttpClientHandler { AllowAutoRedirect = false })
        {
            BaseAddress = emulator.BaseAddress,
        };

        public string Origin => emulator.BaseAddress.GetLeftPart(UriPartial.Authority);

        public async Task<string> ReadAsync()
        {
            using var answer = await Http.GetAsync("/", Ct);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
            Assert.True(answer.Headers.CacheControl!.NoStore);
            return await answer.Content.ReadAsStringAsync(Ct);
        }

        public async Task SendAsync(params (string Name, string Value)[] fields)
        {
            using var answer = await PostAsync(fields, Origin, "same-origin");
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }

        public async Task<HttpResponseMessage> PostAsync(
            (string Name, string Value)[] fields, string? origin, string? site = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/_admin/page/faults");
            request.Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
            if (origin is not null)
                request.Headers.Add("Origin", origin);
            if (site is not null)
                request.Headers.Add("Sec-Fetch-Site", site);
            return await Http.SendAsync(request, Ct);
        }

        public async Task<HttpStatusCode> StatusAsync(string path, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var answer = await Http.SendAsync(request, Ct);
            return answer.StatusCode;
        }

        public void Dispose() => Http.Dispose();
    }
}
