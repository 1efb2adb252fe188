using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Cli.Serving;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>Who may read the pages of run and serve, and which security headers they have.</summary>
[Trait("Promise", "9")]
public sealed class BrowserGuardTests
{
    [Theory]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LocalHost:9", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:8080", HttpStatusCode.OK)]
    [InlineData("127.9.9.9", HttpStatusCode.OK)]
    [InlineData("[::1]:8080", HttpStatusCode.OK)]
    [InlineData("hooks.example.com", HttpStatusCode.OK)]
    [InlineData("HOOKS.example.com:443", HttpStatusCode.OK)]
    [InlineData("10.0.0.7:8080", HttpStatusCode.OK)]
    [InlineData("10.0.0.8:8080", HttpStatusCode.BadRequest)]
    [InlineData("evil.example", HttpStatusCode.BadRequest)]
    [InlineData("localhost.evil.example", HttpStatusCode.BadRequest)]
    [InlineData("127.0.0.1.evil.example", HttpStatusCode.BadRequest)]
    public async Task PagesAreServedOnlyUnderKnownHostNames(string host, HttpStatusCode expected)
    {
        await using var app = await StartAsync("http://10.0.0.7:8080", "https://hooks.example.com/base");

        using var answer = await AskAsync(app, "/", host);

        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal(expected == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct) == "secret");
    }

    [Theory]
    [InlineData("10.0.0.8:8080", HttpStatusCode.OK)]
    [InlineData("evil.example", HttpStatusCode.BadRequest)]
    public async Task AServerOnAllAddressesIsReachedByAddressButNotByName(string host, HttpStatusCode expected)
    {
        foreach (var listen in new[] { "http://0.0.0.0:8080", "http://[::]:8080" })
        {
            await using var app = await StartAsync(listen);
            using var answer = await AskAsync(app, "/", host);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("evil.example")]
    public async Task EveryAnswerForbidsFramingSniffingCachingAndInlineScripts(string host)
    {
        await using var app = await StartAsync("http://localhost");

        using var answer = await AskAsync(app, "/", host);

        string Header(string name) => Assert.Single(answer.Headers.GetValues(name));
        Assert.Equal(
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'self'; "
                + "script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'",
            Header("Content-Security-Policy"));
        Assert.Equal(("nosniff", "no-store", "DENY", "same-origin"),
            (Header("X-Content-Type-Options"), Header("Cache-Control"), Header("X-Frame-Options"),
                Header("Referrer-Policy")));
    }

    [Fact]
    public async Task CallbacksAreServedUnderAnyHostName()
    {
        await using var app = await StartAsync("http://localhost");

        using var answer = await AskAsync(app, "/api/callbacks/list-000000/token", "gateway.internal");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Content-Security-Policy"));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<WebApplication> StartAsync(params string[] addresses)
    {
        var app = Hosts.CreateBuilder().Build();
        app.UseBrowserGuard(addresses.Select(address => new Uri(address)));
        app.Run(context => context.Response.WriteAsync("secret"));
        await app.StartAsync(Ct);
        return app;
    }

    private static async Task<HttpResponseMessage> AskAsync(WebApplication app, string path, string host)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Get, app.Urls.First() + path) { Headers = { Host = host } };
        return await http.SendAsync(request, Ct);
    }
}
