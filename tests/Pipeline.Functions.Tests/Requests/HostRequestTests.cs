using System.Net;
using Pipeline.Functions.Tests.Host;

namespace Pipeline.Functions.Tests.Requests;

/// <summary>What the host does with a request before the app sees it.</summary>
public sealed class HostRequestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "9")]
    public async Task AFunctionKeyIsAskedForWhereTheFunctionSaysSo()
    {
        await using var app = await FunctionsApp.StartAsync(new());
        using var http = new HttpClient { BaseAddress = app.Host.PublicAddress };

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("api/healthz", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("api/status", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("api/status?code=wrong", Token)).StatusCode);
        Assert.Equal(
            HttpStatusCode.OK, (await http.GetAsync($"api/status?code={HttpFront.FunctionKey}", Token)).StatusCode);
        using var keyed = app.Client();
        Assert.Equal(HttpStatusCode.OK, (await keyed.GetAsync("api/status", Token)).StatusCode);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task ACallersHeadersReachTheAppAndNameNoOtherInvocation()
    {
        const string key = "a-key-for-tests-of-the-api";
        await using var app = await FunctionsApp.StartAsync(new() { Settings = [("Pipeline:Dashboard:Key", key)] });
        using var http = new HttpClient { BaseAddress = app.Host.PublicAddress };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        http.DefaultRequestHeaders.Add("x-ms-invocation-id", "invocation-1");
        http.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7, 198.51.100.1");
        http.DefaultRequestHeaders.Add("X-Forwarded-Host", "elsewhere.test");
        http.DefaultRequestHeaders.Add("Cookie", new string('c', 8000));

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => http.GetAsync("api/lists", Token)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }
}
