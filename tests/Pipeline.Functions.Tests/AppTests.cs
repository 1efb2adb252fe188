using System.Net;
using System.Text.Json;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>What the app reports to a host.</summary>
public sealed class AppTests
{
    [Fact]
    public async Task TheWorkerOffersEveryFunctionWithItsTrigger()
    {
        await using var app = await FunctionsApp.StartAsync(new());

        string Of(string function, string property) =>
            app.Host.Bindings[function][0].TryGetProperty(property, out var value) ? value.ToString() : "";
        Assert.Equal(
            [
                "Callback", "Collect", "Dashboard", "DeadLetterExports", "DeadLetterResults", "DeadLetterSubmissions",
                "DeadLetterUrlLists", "Explain", "Export", "Health", "Intake", "Lists", "Notify", "OpenApi",
                "Schedules", "Status", "Submit", "Sweep",
            ],
            app.Host.Bindings.Keys.Order());
        Assert.Equal(
            [
                QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, "url-lists-poison",
                "submissions-poison", "results-poison"],
            new[] { "Intake", "Submit", "Collect", "DeadLetterUrlLists", "DeadLetterSubmissions",
                "DeadLetterResults" }.Select(
                f => Of(f, "queueName")));
        Assert.Equal(
            ("httpTrigger", "Anonymous", "callbacks/{submission}/{token}"),
            (Of("Callback", "type"), Of("Callback", "authLevel"), Of("Callback", "route")));
        Assert.Equal(
            ("httpTrigger", "Function", "status/{list?}"),
            (Of("Status", "type"), Of("Status", "authLevel"), Of("Status", "route")));
        foreach (var (function, route) in new[]
        {
            ("Lists", "lists/{*path}"), ("Schedules", "schedules/{*path}"), ("Explain", "explain"),
            ("OpenApi", "openapi.json"), ("Health", "healthz"),
        })
            Assert.Equal(
                ("httpTrigger", "Anonymous", route),
                (Of(function, "type"), Of(function, "authLevel"), Of(function, "route")));
        Assert.Equal("timerTrigger", Of("Sweep", "type"));
    }

    [Fact]
    public async Task TheTestsListenToEachQueueOfTheApp()
    {
        await using var app = await FunctionsApp.StartAsync(new());

        Assert.Equal(
            app.Host.Bindings.Where(f => f.Value[0].GetProperty("type").GetString() == "queueTrigger")
                .ToDictionary(f => f.Key, f => (Of(f.Value[0], "queueName"), Of(f.Value[0], "connection"))),
            QueueTriggers.All.ToDictionary(
                trigger => trigger.Key, trigger => (trigger.Value.QueueName, trigger.Value.Connection)));
        static string Of(JsonElement binding, string name) => binding.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task EveryQueueIsInThePipelinesOwnAccount()
    {
        await using var app = await FunctionsApp.StartAsync(new());

        Assert.All(
            app.Host.Bindings.Values.Where(f => f[0].GetProperty("type").GetString() == "queueTrigger"),
            f => Assert.Equal("PipelineStorage", f[0].GetProperty("connection").GetString()));
    }

    /// <summary>Flex Consumption scales all HTTP functions together, and each other function on its own.</summary>
    [Fact]
    public async Task TheScaleGroupsAreThoseThatThePagesCount()
    {
        await using var app = await FunctionsApp.StartAsync(new());

        var groups = 1 + app.Host.Bindings.Values.Count(
            f => f[0].GetProperty("type").GetString() is "queueTrigger" or "timerTrigger");

        Assert.All(
            ["docs/operating.md", "infra/azure/main.bicep"],
            page => Assert.Contains($"There are {groups} groups", Repository.Read(page), StringComparison.Ordinal));
    }

    [Fact]
    public async Task NoTwoRoutesOverlapBecauseTheHostPrefersNone()
    {
        await using var app = await FunctionsApp.StartAsync(new());

        var routes = app.Host.Bindings.Values.Where(bindings => bindings[0].TryGetProperty("route", out _))
            .Select(bindings => bindings[0].GetProperty("route").GetString()!.Split('/')[0]).ToList();

        Assert.Equal(8, routes.Count);
        Assert.Equal(routes.Distinct(), routes);
        Assert.DoesNotContain(routes, segment => segment.Contains('{', StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task WithoutAKeyThePagesShowNobodyAnything()
    {
        await using var app = await FunctionsApp.StartAsync(new());
        using var http = new HttpClient { BaseAddress = app.Host.PublicAddress };

        using var answer = await http.GetAsync("api/dashboard", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains(
            "Pipeline__Dashboard__Key", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThePagesAskForTheirKeyAndThenShowWhatTheyShowOnOneMachine()
    {
        const string key = "a-key-for-tests-of-pages";
        var token = TestContext.Current.CancellationToken;
        await using var app = await FunctionsApp.StartAsync(
            new() { Settings = [("Pipeline:Dashboard:Key", key)] });
        using var http = new HttpClient { BaseAddress = app.Host.PublicAddress };
        using var refused = await http.GetAsync("api/dashboard", token);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var form = (await refused.Content.ReadAsStringAsync(token)).Split("form_token\" value=\"")[1].Split('"')[0];

        using var signedIn = await http.PostAsync(
            "api/dashboard/sign-in", new FormUrlEncodedContent([new("form_token", form), new("key", key)]), token);

        var page = await signedIn.Content.ReadAsStringAsync(token);
        Assert.Equal(HttpStatusCode.OK, signedIn.StatusCode);
        Assert.Contains("All is well. No list is open.", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/api/dashboard/lists\"", page, StringComparison.Ordinal);
        Assert.Contains("data-events=\"\"", page, StringComparison.Ordinal);
        var style = page.Split("rel=\"stylesheet\" href=\"")[1].Split('"')[0];
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(style, token)).StatusCode);
        await SamePages.AreShownAsync(http, "api/dashboard/");
        using var fragment = await http.GetAsync("api/dashboard?part=main", token);
        using var again = new HttpRequestMessage(HttpMethod.Get, "api/dashboard?part=main");
        again.Headers.IfNoneMatch.Add(fragment.Headers.ETag!);
        using var unchanged = await http.SendAsync(again, token);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Fact]
    public async Task TheWorkerReportsThatItExportsItsOwnTelemetry()
    {
        await using var app = await FunctionsApp.StartAsync(new());

        Assert.Equal(bool.TrueString, app.Host.Capabilities["WorkerOpenTelemetryEnabled"]);
    }

    [Fact]
    public async Task AllMissingSettingsAreReportedAtStart()
    {
        var problem = await Assert.ThrowsAnyAsync<Exception>(
            () => FunctionsApp.StartAsync(
                new() { Settings = [("NIMBLE_API_KEY", ""), ("Pipeline:Nimble:Version", "latest")] }));

        Assert.Contains("NIMBLE_API_KEY", problem.ToString(), StringComparison.Ordinal);
        Assert.Contains("Nimble__Version is 'latest'. Write v1 or v2.", problem.ToString(), StringComparison.Ordinal);
    }
}
