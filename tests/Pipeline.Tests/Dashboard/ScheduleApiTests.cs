using System.Text.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Tests.Dashboard;

/// <summary>Schedules over the API: set, listed, paused, resumed, run at once, removed, and logged.</summary>
public sealed class ScheduleApiTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AScheduleIsSetPausedResumedRunAndRemoved()
    {
        await using var api = await ApiWorld.StartAsync();
        var (status, set) = await SendAsync(
            api, HttpMethod.Put,
            "/api/schedules/daily?cron=0%206%20*%20*%20*&time_zone=Europe/Berlin&url_column=Site&series=shops"
                + "&list_name=shops.csv",
            "Site\nhttps://example.com/1\n");
        Assert.Equal(200, status);
        Assert.Equal(
            ("0 6 * * *", "Europe/Berlin", "skip", "shops.csv", "shops"),
            (set.GetProperty("cron").GetString(), set.GetProperty("time_zone").GetString(),
                set.GetProperty("overlap").GetString(), set.GetProperty("list_name").GetString(),
                set.GetProperty("series").GetString()));

        var paused = (await SendAsync(api, HttpMethod.Post, "/api/schedules/daily/pause")).Body;
        Assert.True(paused.GetProperty("paused").GetBoolean());
        Assert.False(paused.TryGetProperty("next_at", out _));
        var resumed = (await SendAsync(api, HttpMethod.Post, "/api/schedules/daily/resume")).Body;
        Assert.True(resumed.TryGetProperty("next_at", out _));

        var run = await SendAsync(api, HttpMethod.Post, "/api/schedules/daily/run");
        var message = Assert.Single((await api.World.Service<IWorkReceiver>().ReceiveAsync(
            QueueNames.UrlLists, 5, TimeSpan.FromMinutes(1), Token)).Messages);
        var sent = JsonElement.Parse(message.Body.Span);
        Assert.Equal((202, sent.GetProperty("list_id").GetString()),
            (run.Status, run.Body.GetProperty("list_id").GetString()));
        Assert.Equal("Site", sent.GetProperty("url_column").GetString());
        var listed = (await api.GetAsync("/api/schedules")).GetProperty("schedules")[0];
        Assert.Equal(sent.GetProperty("list_id").GetString(), listed.GetProperty("last_list_id").GetString());

        Assert.Equal(204, (await SendAsync(api, HttpMethod.Delete, "/api/schedules/daily")).Status);
        Assert.Empty((await api.GetAsync("/api/schedules")).GetProperty("schedules").EnumerateArray());
        var events = await api.World.Service<IEventLog>().GetEventsAsync(10, Token);
        Assert.Equal(
            ["removed.", "at once.", "resumed.", "paused.", "(Europe/Berlin)."],
            events.Select(entry => string.Join(' ', entry.Text.Split(' ')[(entry.Text.Contains("once") ? ^2 : ^1)..])));
    }

    [Theory]
    [InlineData("GET", "/api/schedules/daily", 405)]
    [InlineData("POST", "/api/schedules/none/pause", 404)]
    [InlineData("POST", "/api/schedules/none/run", 404)]
    [InlineData("DELETE", "/api/schedules/none", 404)]
    [InlineData("PUT", "/api/schedules/daily", 400)]
    [InlineData("PUT", "/api/schedules/daily?cron=now", 422)]
    [InlineData("PUT", "/api/schedules/daily?cron=0%206%20*%20*%20*&time_zone=Mars", 422)]
    [InlineData("PUT", "/api/schedules/daily?cron=0%206%20*%20*%20*&overlap=maybe", 400)]
    [InlineData("PUT", "/api/schedules/..%2fetc?cron=0%206%20*%20*%20*", 422)]
    [InlineData("PUT", "/api/schedules/daily?cron=0%206%20*%20*%20*", 422, "no url at all")]
    [InlineData("PUT", "/api/schedules/daily?cron=0%206%20*%20*%20*", 422, """{"source":"file:///etc/passwd"}""")]
    public async Task AWrongRequestSetsNothing(
        string method, string path, int status, string body = "https://example.com/1")
    {
        await using var api = await ApiWorld.StartAsync();
        var (answered, problem) = await SendAsync(api, new(method), path, body);
        Assert.Equal(status, answered);
        Assert.NotEqual("", problem.GetProperty("detail").GetString());
        Assert.Empty((await api.GetAsync("/api/schedules")).GetProperty("schedules").EnumerateArray());
        Assert.Empty(await api.World.Service<IEventLog>().GetEventsAsync(10, Token));
    }

    [Theory]
    [InlineData("DELETE", "/api/lists", "GET, POST")]
    [InlineData("DELETE", "/api/lists/list", "GET")]
    [InlineData("GET", "/api/lists/list/pause", "POST")]
    [InlineData("PATCH", "/api/schedules/daily", "DELETE, PUT")]
    [InlineData("POST", "/api/status", "GET")]
    public async Task AWrongMethodIsNamedWithTheRightOnes(string method, string path, string allowed)
    {
        await using var api = await ApiWorld.StartAsync();
        using var request = new HttpRequestMessage(new(method), path);
        using var answer = await api.Client.SendAsync(request, Token);
        Assert.Equal(405, (int)answer.StatusCode);
        Assert.Equal(allowed, string.Join(", ", answer.Content.Headers.Allow.Order()));
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    private static async Task<(int Status, JsonElement Body)> SendAsync(
        ApiWorld api, HttpMethod method, string path, string body = "")
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body) };
        using var answer = await api.Client.SendAsync(request, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        return ((int)answer.StatusCode, text.Length == 0 ? default : JsonElement.Parse(text));
    }
}
