using System.Net;
using Pipeline.Delivery;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Dashboard;

/// <summary>What strangers, other sites' pages and forged requests can do to the API: nothing.</summary>
public sealed class ApiAttackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, null)]
    [InlineData("Authorization", "Bearer wrong")]
    [InlineData("Authorization", "Basic " + ApiWorld.Key)]
    [InlineData("X-Api-Key", "")]
    [InlineData("Cookie", "pipeline_0=" + ApiWorld.Key)]
    public async Task WithoutTheKeyNothingIsReadOrDone(string? header, string? value)
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(10);
        using var stranger = api.NewClient();
        if (header is not null)
            stranger.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        foreach (var path in new[] { "/api/status", "/api/lists", "/api/lists/list", "/api/explain?id=x" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(path, Token)).StatusCode);
        using var post = await stranger.PostAsync("/api/lists/list/cancel", null, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, post.StatusCode);
        Assert.DoesNotContain(ApiWorld.Key, await post.Content.ReadAsStringAsync(Token));
    }

    [Theory]
    [InlineData("X-Api-Key", ApiWorld.Key)]
    [InlineData("Authorization", "bearer " + ApiWorld.Key)]
    public async Task TheKeyIsTakenFromEitherHeader(string header, string value)
    {
        await using var api = await ApiWorld.StartAsync();
        using var client = api.NewClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/status", Token)).StatusCode);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Host", "evil.example")]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    public async Task AnotherSitesPageCannotActThroughABrowserOfThisMachine(string header, string value)
    {
        await using var api = await ApiWorld.StartAsync(key: "");
        await api.World.PlanAsync(10);
        var (status, _) = await api.PostAsync("/api/lists/list/cancel", "", "text/plain", (header, value));
        Assert.Equal(403, status);
        Assert.Equal(200, (await api.PostAsync("/api/lists/list/cancel")).Status);
    }

    [Fact]
    public async Task AReadOnlyDashboardDoesNothing()
    {
        await using var api = await ApiWorld.StartAsync(change: options => options.Dashboard.ReadOnly = true);
        await api.World.PlanAsync(10);
        Assert.Equal(403, (await api.PostAsync("/api/lists/list/pause")).Status);
        Assert.Equal(403, (await api.PostAsync("/api/lists", "https://example.com/", "text/plain")).Status);
        Assert.Equal("open", (await api.GetAsync("/api/lists/list")).GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("/api/lists/list/replay", (64 << 10) + 1)]
    [InlineData("/api/lists", (256 << 20) + 1L)]
    public async Task ABodyBeyondTheLimitIsRefusedBeforeItIsSent(string path, long bytes)
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(10);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new EndlessContent(bytes) };
        request.Headers.ExpectContinue = true;
        using var answer = await api.Client.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task AListLongerThanAWebhookMayBeIsTaken()
    {
        await using var api = await ApiWorld.StartAsync();
        var lines = string.Join('\n', Enumerable.Range(0, 60_000).Select(SubmitWorld.Url));
        Assert.True(lines.Length > 1 << 20);
        var (status, list) = await api.PostAsync("/api/lists", lines, "text/plain");
        Assert.Equal((202, 60_000), (status, list.GetProperty("inputs").GetInt32()));
    }

    [Fact]
    [Trait("Promise", "6")]
    public async Task NoAnswerHoldsAKeyATokenOrACallbackPath()
    {
        var secret = Convert.ToBase64String(new byte[32]);
        await using var api = await ApiWorld.StartAsync(change: options =>
        {
            options.Delivery.CallbackBase = new("https://callbacks.example");
            options.Delivery.CallbackKeys.Add(secret);
        });
        await api.World.PlanAsync(10);
        await api.World.WorkAsync();
        var tokens = (CallbackTokens)api.Services.GetService(typeof(CallbackTokens))!;
        var callback = tokens.UrlFor("list-000000")!.ToString();
        foreach (var path in new[]
        {
            "/api/status", "/api/lists", "/api/lists/list", "/api/lists/list/pending", "/api/openapi.json",
            "/api/explain?url=https://example.com/1",
        })
        {
            var text = await api.Client.GetStringAsync(path, Token);
            Assert.DoesNotContain(callback.Split('/')[^1], text);
            Assert.DoesNotContain(ApiWorld.Key, text);
            Assert.DoesNotContain(secret, text);
        }
    }

    [Fact]
    public async Task MarkupInUrlsStaysText()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(["https://example.com/<script>alert(1)</script>"]);
        using var answer = await api.Client.GetAsync("/api/lists/list/pending", Token);
        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.DoesNotContain("<script>", await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Content that declares a length and sends that many bytes.</summary>
    private sealed class EndlessContent(long bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var block = new byte[1 << 16];
            for (var left = bytes; left > 0; left -= block.Length)
                await stream.WriteAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes;
            return true;
        }
    }
}
