using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Functions.Tests.Host;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests.Requests;

/// <summary>The HTTP API in the Functions app: the endpoints of every host, behind their own key.</summary>
public abstract class ApiSuite(Servers? azure) : FunctionsStoreSuite(azure)
{
    protected const string Key = "a-key-for-tests-of-the-api";

    protected static (string Name, string Value) KeySetting => ("Pipeline:Dashboard:Key", Key);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "9")]
    public async Task WithoutAKeyOnlyTheHealthIsServed()
    {
        await using var app = await StartAsync();
        using var http = new HttpClient { BaseAddress = app.Host.PublicAddress };

        Assert.Equal("""{"status":"ok"}""", await http.GetStringAsync("api/healthz", Token));
        foreach (var path in new[] { "lists", "lists/l", "lists/l/records", "explain?url=http://a.test/" })
            Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(http, path));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOfAsync(http, "openapi.json"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(http, "lists", "http://a.test/"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(http, "lists/l/cancel", ""));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task TheKeyIsAskedForInEachRequest()
    {
        await using var app = await StartAsync(KeySetting);
        using var http = new HttpClient { BaseAddress = app.Host.PublicAddress };

        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, "healthz"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(http, "lists"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(http, "lists/l/cancel", ""));
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key + "x");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(http, "lists"));
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, "lists"));
        http.DefaultRequestHeaders.Authorization = null;
        http.DefaultRequestHeaders.Add("X-Api-Key", Key);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, "lists"));
        http.DefaultRequestHeaders.Add("Origin", "https://elsewhere.test");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(http, "lists/l/cancel", ""));
    }

    [Fact]
    public async Task AListIsShownExplainedAndSteered()
    {
        await using var app = await StartAsync(KeySetting);
        using var http = Client(app);
        if (app.Listener is not null)
            await app.Listener.StopAsync();
        await app.Services.GetRequiredService<IntakeStage>().HandleAsync(
            """{"list_id":"l","inputs":[{"url":"http://a.test/"},{"url":"http://b.test/"}]}"""u8.ToArray(), Token);

        var listed = await GetAsync(http, "lists?limit=1");
        var entry = Assert.Single(listed.GetProperty("lists").EnumerateArray());
        Assert.Equal("l", entry.GetProperty("list_id").GetString());
        Assert.Equal("l", (await GetAsync(http, "lists/l")).GetProperty("list_id").GetString());
        var pending = await http.GetStringAsync("api/lists/l/pending", Token);
        Assert.Equal(2, pending.TrimEnd('\n').Split('\n').Length);
        var explained = await GetAsync(http, "explain?url=http://a.test/");
        Assert.Equal("waiting", explained.GetProperty("inputs")[0].GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(http, "lists/l/pause", ""));
        Assert.Equal(ListSteering.Paused, (await app.Ledger.GetListAsync("l", Token))!.Steering);
        Assert.Equal("3.1", (await GetAsync(http, "openapi.json")).GetProperty("openapi").GetString()![..3]);

        using var unknown = await http.GetAsync("api/lists/l/none", Token);
        Assert.Equal(
            (HttpStatusCode.NotFound, "application/problem+json"),
            (unknown.StatusCode, unknown.Content.Headers.ContentType?.MediaType));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOfAsync(http, "lists/other/pause", ""));
    }

    private protected static HttpClient Client(FunctionsApp app) => new()
    {
        BaseAddress = app.Host.PublicAddress, DefaultRequestHeaders = { Authorization = new("Bearer", Key) },
    };

    private static async Task<JsonElement> GetAsync(HttpClient http, string path) =>
        JsonElement.Parse(await http.GetStringAsync($"api/{path}", Token));

    /// <summary>Sends a GET, or a POST if there is a body.</summary>
    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient http, string path, string? body = null)
    {
        using var answer = body is null
            ? await http.GetAsync($"api/{path}", Token)
            : await http.PostAsync($"api/{path}", new StringContent(body), Token);
        return answer.StatusCode;
    }
}
