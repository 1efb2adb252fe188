using System.Net;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Dashboard;

/// <summary>The HTTP API over a real server: submitting lists, and reading everything about them.</summary>
public sealed class ApiTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AListIsTakenSteeredAndExplained()
    {
        await using var api = await ApiWorld.StartAsync();
        var (status, list) = await api.PostAsync(
            "/api/lists?list_id=mine&name=my.csv", "url\nhttps://example.com/1\nhttps://example.com/2\n", "text/csv");
        Assert.Equal((202, "mine", 2), (status, list.GetProperty("list_id").GetString(),
            list.GetProperty("inputs").GetInt32()));
        await IntakeAsync(api);

        Assert.Equal("paused", (await api.PostAsync("/api/lists/mine/pause")).Body.GetProperty("state").GetString());
        Assert.Equal("paused", (await api.GetAsync("/api/lists/mine")).GetProperty("state").GetString());
        Assert.Equal("open", (await api.PostAsync("/api/lists/mine/resume")).Body.GetProperty("state").GetString());
        await api.World.WorkAsync();
        var history = (await api.GetAsync("/api/explain?url=https://example.com/2")).GetProperty("inputs")[0];
        Assert.Equal(("waiting", "accepted"), (history.GetProperty("state").GetString(),
            history.GetProperty("attempts")[0].GetProperty("submission_state").GetString()));

        Assert.Equal(2, (await LinesAsync(api, "/api/lists/mine/pending")).Count);
        Assert.Equal("cancelling",
            (await api.PostAsync("/api/lists/mine/cancel")).Body.GetProperty("state").GetString());
        var events = (await api.GetAsync("/api/status")).GetProperty("events").EnumerateArray()
            .Select(e => e.GetProperty("kind").GetString());
        Assert.Equal(["cancelled", "resumed", "paused", "submitted"], events);
    }

    [Fact]
    public async Task StatusKeepsItsOldMembersAndSaysHowEverythingStands()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(10);

        var status = await api.GetAsync("/api/status");

        Assert.Equal(
            [SubmitWorld.ListId], status.GetProperty("open_lists").EnumerateArray().Select(l => l.GetString()));
        Assert.False(status.GetProperty("has_more").GetBoolean());
        Assert.Equal("well", status.GetProperty("verdict").GetProperty("level").GetString());
        Assert.Equal(10, status.GetProperty("lists")[0].GetProperty("waiting").GetInt32());
        Assert.Equal("Open", (await api.GetAsync("/api/status/list")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task FailuresAndManifestAreThoseOfTheFiles()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(10);
        await api.PostAsync("/api/lists/list/cancel");
        await api.World.PassAsync(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));

        var failures = await LinesAsync(api, "/api/lists/list/failures");
        Assert.All(failures, failure => Assert.Equal(("pipeline.failure/1", "cancelled"),
            (failure.GetProperty("schema").GetString(), failure.GetProperty("reason").GetString())));
        Assert.Equal(10, (await api.GetAsync("/api/lists/list/manifest")).GetProperty("failures").GetInt32());
        Assert.Equal("cancelled", (await api.GetAsync("/api/lists")).GetProperty("lists")[0].GetProperty("state")
            .GetString());

        var (status, replay) = await api.PostAsync("/api/lists/list/replay", """{"resubmit":true}""");
        Assert.Equal((200, 10), (status, replay.GetProperty("resubmitted").GetInt32()));
    }

    [Fact]
    public async Task RowsComeInPagesThatLinkTheNext()
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(35);
        var (lines, pages, path) = (0, 0, "/api/lists/list/pending?limit=10");
        while (path is not null)
        {
            using var answer = await api.Client.GetAsync(path, Token);
            lines += (await answer.Content.ReadAsStringAsync(Token)).Count(c => c == '\n');
            pages++;
            path = answer.Headers.TryGetValues("Link", out var link)
                ? link.Single().Split('>')[0].TrimStart('<')
                : null;
        }

        Assert.Equal((35, 4), (lines, pages));
    }

    [Fact]
    public async Task ListsComeInPages()
    {
        await using var api = await ApiWorld.StartAsync();
        for (var i = 0; i < 5; i++)
            await api.World.PlanAsync([$"https://example.com/{i}"], $"l{i}");
        var ids = new List<string?>();
        string? cursor = "";
        do
        {
            var page = await api.GetAsync($"/api/lists?limit=2&cursor={cursor}");
            ids.AddRange(page.GetProperty("lists").EnumerateArray().Select(l => l.GetProperty("list_id").GetString()));
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(["l0", "l1", "l2", "l3", "l4"], ids);
    }

    [Fact]
    public async Task ARepeatedRequestWithItsKeyMakesNoOtherListAndAnotherRequestIsRefused()
    {
        await using var api = await ApiWorld.StartAsync();
        Task<(int Status, JsonElement Body)> SendAsync(string body) =>
            api.PostAsync("/api/lists", body, "text/plain", ("Idempotency-Key", "k 1"));

        var first = await SendAsync("https://example.com/1");
        var second = await SendAsync("https://example.com/1");
        var other = await SendAsync("https://example.com/2");

        Assert.Equal((202, 202, 422), (first.Status, second.Status, other.Status));
        Assert.Equal(
            first.Body.GetProperty("list_id").GetString(), second.Body.GetProperty("list_id").GetString());
        Assert.Contains("Idempotency-Key", other.Body.GetProperty("title").GetString());
        var received = await api.World.Service<IWorkReceiver>().ReceiveAsync(
            QueueNames.UrlLists, 10, TimeSpan.FromMinutes(1), Token);
        Assert.Single(received.Messages);
    }

    [Theory]
    [InlineData("GET", "/api/lists/none", 404)]
    [InlineData("GET", "/api/lists/none/records", 404)]
    [InlineData("GET", "/api/lists/a%0d%0aX-Evil:%201", 404)]
    [InlineData("GET", "/api/lists/..%2f..%2fetc", 404)]
    [InlineData("GET", "/api/lists/list/manifest", 404)]
    [InlineData("GET", "/api/lists?cursor=forged", 400)]
    [InlineData("GET", "/api/lists?cursor=byA7RFJPUA", 400)]
    [InlineData("GET", "/api/lists/list/records?cursor=zzz", 400)]
    [InlineData("GET", "/api/lists/list/failures?cursor=1.99999999999999999999", 400)]
    [InlineData("GET", "/api/lists?limit=0", 400)]
    [InlineData("GET", "/api/lists?limit=x", 400)]
    [InlineData("GET", "/api/explain", 400)]
    [InlineData("GET", "/api/explain?url=a&id=b", 400)]
    [InlineData("POST", "/api/lists/none/pause", 404)]
    [InlineData("POST", "/api/lists/list/replay", 400, "[1")]
    [InlineData("POST", "/api/lists/list/replay", 400, "[]")]
    [InlineData("POST", "/api/lists", 422, "no url at all")]
    [InlineData("POST", "/api/lists", 422, """{"source":"file:///etc/passwd"}""")]
    [InlineData("GET", "/api/nothing", 404)]
    public async Task AWrongRequestIsAnsweredWithProblemDetails(
        string method, string path, int status, string body = "")
    {
        await using var api = await ApiWorld.StartAsync();
        await api.World.PlanAsync(10);
        using var request = new HttpRequestMessage(new(method), path) { Content = new StringContent(body) };
        using var answer = await api.Client.SendAsync(request, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.True((HttpStatusCode)status == answer.StatusCode, $"{answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.GetProperty("detail").GetString());
        Assert.False(answer.Headers.Contains("X-Evil"));
    }

    [Fact]
    public async Task HealthNeedsNoKey()
    {
        await using var api = await ApiWorld.StartAsync();
        using var stranger = api.NewClient();
        Assert.Equal("""{"status":"ok"}""", await stranger.GetStringAsync("/healthz", Token));
        Assert.Equal("""{"status":"ok"}""", await stranger.GetStringAsync("/api/readyz", Token));
    }

    private static async Task IntakeAsync(ApiWorld api)
    {
        var receiver = api.World.Service<IWorkReceiver>();
        var message = Assert.Single((await receiver.ReceiveAsync(
            QueueNames.UrlLists, 1, TimeSpan.FromMinutes(1), Token)).Messages);
        var intake = (Pipeline.Intake.IntakeStage)api.Services.GetService(typeof(Pipeline.Intake.IntakeStage))!;
        await intake.HandleAsync(message.Body, Token);
        await receiver.CompleteAsync(message, Token);
    }

    private static async Task<IReadOnlyList<JsonElement>> LinesAsync(ApiWorld api, string path) =>
    [
        .. (await api.Client.GetStringAsync(path, Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line)),
    ];
}
