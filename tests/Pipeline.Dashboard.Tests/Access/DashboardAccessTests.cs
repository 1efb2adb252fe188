using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Dashboard.Access;
using Pipeline.Options;

namespace Pipeline.Dashboard.Tests.Access;

/// <summary>Who may read pages and API, and whose forms are taken.</summary>
[Trait("Promise", "9")]
public sealed class DashboardAccessTests
{
    private const string Key = "a key of 16 or more";

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("127.0.0.1", "localhost", null, true)]
    [InlineData("::1", "[::1]:8080", null, true)]
    [InlineData("10.0.0.9", "localhost", null, false)]
    [InlineData("127.0.0.1", "evil.example", null, false)]
    [InlineData("127.0.0.1", "localhost", "X-Forwarded-For", false)]
    [InlineData("127.0.0.1", "localhost", "Forwarded", false)]
    [InlineData("127.0.0.1", "localhost", "Via", false)]
    public void WithoutAKeyOnlyThisMachineIsAnswered(string caller, string host, string? header, bool isAnswered)
    {
        using var access = Create("");
        var context = Context(caller, host);
        if (header is not null)
            context.Request.Headers[header] = "203.0.113.7";

        Assert.Equal(
            isAnswered ? AccessDecision.Granted : AccessDecision.OnlyThisMachine, access.Decide(context));
    }

    [Fact]
    public void AHostThatPassesEveryRequestOnKnowsNobodyOfThisMachine()
    {
        using var access = Create("", new() { KnowsCallers = false });
        Assert.Equal(AccessDecision.OnlyThisMachine, access.Decide(Context()));
    }

    [Fact]
    public void WithAKeyEverybodyNeedsItAndACookieStandsForIt()
    {
        using var access = Create(Key);
        var context = Context();
        Assert.Equal(AccessDecision.KeyNeeded, access.Decide(context));
        Assert.False(access.SignIn(context, "another key of 16"));
        Assert.True(access.SignIn(context, Key));

        var cookie = context.Response.Headers.SetCookie.ToString();
        Assert.DoesNotContain(Key, Uri.UnescapeDataString(cookie), StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", cookie, StringComparison.Ordinal);
        Assert.Equal(AccessDecision.Granted, access.Decide(Next(context)));
    }

    [Fact]
    public void ASessionEndsAndAForgedOneNeverBegins()
    {
        using var access = Create(Key);
        var context = Context();
        access.SignIn(context, Key);
        var next = Next(context);
        var (name, ticket) = next.Request.Cookies.Single();
        foreach (var forged
            in new[] { "", "x", ticket[..^1], ticket.Replace("key.", "visit.", StringComparison.Ordinal) })
        {
            next.Request.Headers.Cookie = $"{name}={forged}";
            Assert.Equal(AccessDecision.KeyNeeded, access.Decide(next));
        }
        next.Request.Headers.Cookie = $"{name}={ticket}";
        _time.Advance(SessionTickets.Lifetime);
        Assert.Equal(AccessDecision.KeyNeeded, access.Decide(next));
    }

    [Fact]
    public void AVisitorsTicketIsNoKey()
    {
        using var access = Create(Key);
        var context = Context();
        access.FormToken(context);
        Assert.Equal(AccessDecision.KeyNeeded, access.Decide(Next(context)));
    }

    [Fact]
    public void GuessingStopsAfterTenWrongKeys()
    {
        using var access = Create(Key);
        for (var i = 0; i < 10; i++)
            Assert.False(access.SignIn(Context(), $"wrong key {i}"));
        Assert.Null(access.SignIn(Context(), Key));
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("http://localhost:8080", "same-origin", true)]
    [InlineData("http://localhost:9090", "same-site", false)]
    [InlineData("http://localhost:9090", null, false)]
    [InlineData("https://evil.example", null, false)]
    [InlineData("null", null, false)]
    [InlineData("http://localhost:8080", "cross-site", false)]
    public void AFormIsTakenOnlyFromAPageOfThisSiteAndSession(string? origin, string? site, bool isTaken)
    {
        using var access = Create("");
        var shown = Context();
        var token = access.FormToken(shown);
        var context = Next(shown);
        context.Request.Headers.Origin = origin;
        context.Request.Headers["Sec-Fetch-Site"] = site;

        Assert.Equal(isTaken, access.IsOwnForm(context, token));
        Assert.False(access.IsOwnForm(context, token[..^2] + "AA"));
        Assert.False(access.IsOwnForm(context, null));
        context.Request.Headers.Cookie = "";
        Assert.False(access.IsOwnForm(context, token));
    }

    [Theory]
    [InlineData("http://localhost:8080", "same-origin", true)]
    [InlineData("http://localhost:8080", null, true)]
    [InlineData(null, "same-origin", true)]
    [InlineData(null, null, false)]
    [InlineData(null, "none", false)]
    [InlineData("http://localhost:9090", "same-site", false)]
    [InlineData("https://evil.example", null, false)]
    [InlineData("null", "same-origin", false)]
    public void OnlyWhatTheBrowserSaysIsOursIsAskedForAgain(string? origin, string? site, bool isOurs)
    {
        using var access = Create("");
        var context = Context();
        context.Request.Headers.Origin = origin;
        context.Request.Headers["Sec-Fetch-Site"] = site;

        Assert.Equal(isOurs, access.IsSentByOwnPage(context.Request));
    }

    private DashboardAccess Create(string key, DashboardPlace? place = null)
    {
        var options = Microsoft.Extensions.Options.Options.Create(
            new PipelineOptions { Dashboard = { Key = key } });
        return new(options, new(options, _time), place ?? new());
    }

    private static DefaultHttpContext Context(string caller = "127.0.0.1", string host = "localhost:8080")
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(caller);
        context.Request.Host = new(host);
        return context;
    }

    private static DefaultHttpContext Next(DefaultHttpContext before)
    {
        var context = Context();
        context.Request.Headers.Cookie = before.Response.Headers.SetCookie.ToString().Split(';')[0];
        return context;
    }
}
