using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Pipeline.Http;
using Pipeline.Options;

namespace Pipeline.Dashboard.Access;

/// <summary>
/// Decides who may read pages and API, and who may act. With a key, whoever gives it; without one, only callers on this
/// machine who call it by a loopback name. Pages keep a signed ticket in a cookie, never the key.
/// </summary>
internal sealed class DashboardAccess(
    IOptions<PipelineOptions> options, SessionTickets tickets, DashboardPlace place) : IDisposable
{
    /// <summary>The field of every form that carries its token.</summary>
    public const string FormField = "form_token";

    private const int MaxAttemptsAMinute = 10;

    private readonly FixedWindowRateLimiter _attempts = new(
        new()
        {
            PermitLimit = MaxAttemptsAMinute,
            Window = TimeSpan.FromMinutes(1),
        });

    /// <summary>Whether nobody may act.</summary>
    public bool IsReadOnly => options.Value.Dashboard.ReadOnly;

    /// <summary>Whether a key is set.</summary>
    public bool HasKey => options.Value.Dashboard.Key.Length > 0;

    /// <summary>Decides about the reader of a page, by the cookie.</summary>
    public AccessDecision Decide(HttpContext context) =>
        HasKey
            ? tickets.HoldsKey(CookieOf(context)) ? AccessDecision.Granted : AccessDecision.KeyNeeded
            : IsOnThisMachine(context) ? AccessDecision.Granted : AccessDecision.OnlyThisMachine;

    /// <summary>Whether a text is the key. Takes constant time.</summary>
    public bool IsKey(string? given) => HasKey && SessionTickets.AreEqual(options.Value.Dashboard.Key, given);

    /// <summary>
    /// Whether the caller is on this machine and called it by a loopback name. What a proxy passes on is not: the
    /// proxy may serve anybody.
    /// </summary>
    public bool IsOnThisMachine(HttpContext context)
    {
        var headers = context.Request.Headers;
        return place.KnowsCallers
            && context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
            && LoopbackHost.Is(context.Request.Host.Host)
            && !headers.ContainsKey("X-Forwarded-For") && !headers.ContainsKey("Forwarded")
            && !headers.ContainsKey("Via");
    }

    /// <summary>Signs in who gives the key.</summary>
    /// <returns>Whether it was the key; null after too many wrong ones within a minute.</returns>
    public bool? SignIn(HttpContext context, string? key)
    {
        if (_attempts.GetStatistics()?.CurrentAvailablePermits == 0)
            return null;
        if (!IsKey(key))
        {
            using var lease = _attempts.AttemptAcquire();
            return false;
        }
        SetCookie(context, tickets.Issue(holdsKey: true));
        return true;
    }

    /// <summary>Ends the session of this browser.</summary>
    public void SignOut(HttpContext context) => context.Response.Cookies.Delete(CookieName(context), Cookie(context));

    /// <summary>The token for the forms of a page; starts a session if there is none.</summary>
    public string FormToken(HttpContext context)
    {
        if (CookieOf(context) is { } ticket && tickets.IsValid(ticket))
            return tickets.FormTokenFor(ticket);
        var issued = tickets.Issue(holdsKey: false);
        SetCookie(context, issued);
        return tickets.FormTokenFor(issued);
    }

    /// <summary>Whether a form was sent by one of our own pages, shown to the same session.</summary>
    public bool IsOwnForm(HttpContext context, string? token) =>
        IsOwnOrigin(context.Request)
        && CookieOf(context) is { } ticket && tickets.IsValid(ticket) && tickets.IsFormToken(ticket, token);

    /// <summary>Whether the browser says that a page of this site sent the request.</summary>
    public bool IsSentByOwnPage(HttpRequest request) =>
        IsOwnOrigin(request) && (request.Headers.Origin is [_] || request.Headers["Sec-Fetch-Site"] == "same-origin");

    /// <summary>Who acts, for the log of events.</summary>
    public static string Describe(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && !IPAddress.IsLoopback(address)
            ? $"dashboard at {address}"
            : "dashboard";

    public void Dispose() => _attempts.Dispose();

    /// <summary>Whether a page of this site sent the request, as far as the browser says.</summary>
    // Cookies are shared by all ports of a host, and by all sites of a domain; origins are not. A browser states the
    // origin of each POST. Behind a proxy that changes Host, the public address is the one that Nimble calls.
    public bool IsOwnOrigin(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is [{ } site] && site is not ("same-origin" or "none"))
            return false;
        if (request.Headers.Origin is not [{ } origin])
            return true;
        return Uri.TryCreate(origin, UriKind.Absolute, out var from)
            && (string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase)
                || from.Authority == options.Value.Delivery.CallbackBase?.Authority);
    }

    private string? CookieOf(HttpContext context) => context.Request.Cookies[CookieName(context)];

    // Two pipelines on two ports of one machine must not sign each other out. Behind the Functions host, each instance
    // has another port.
    private string CookieName(HttpContext context) =>
        $"pipeline_{(place.KnowsCallers ? context.Request.Host.Port ?? 0 : 0)}";

    private void SetCookie(HttpContext context, string ticket) =>
        context.Response.Cookies.Append(CookieName(context), ticket, Cookie(context));

    private CookieOptions Cookie(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps || context.Request.Headers["X-Forwarded-Proto"] == "https",
        // With a slash at its end, it would not be sent for the overview's address as people type it.
        Path = place.BasePath.TrimEnd('/') is { Length: > 0 } path ? path : "/",
        MaxAge = SessionTickets.Lifetime,
        IsEssential = true,
    };
}
