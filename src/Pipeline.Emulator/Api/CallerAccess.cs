using System.Net;
using System.Text;

namespace Pipeline.Emulator.Api;

/// <summary>
/// Decides who may see and change everything that is not Nimble's API: callers on this machine that use one of its
/// loopback names, and callers with the API key, if one is set.
/// </summary>
internal sealed class CallerAccess(EmulatorOptions options, ApiGate gate)
{
    /// <summary>Whether an API key is set, which lets in callers of other machines.</summary>
    public bool TakesKey => options.ApiKey is not null;

    public bool IsAllowed(HttpContext context) =>
        IsFromThisMachine(context)
        || (TakesKey && (gate.HasKey(context.Request) || HasKeyAsPassword(context.Request)));

    /// <summary>Whether a browser says that it sent a form of our own page.</summary>
    // Pages on another port of this machine are another origin, and so is what a sandboxed answer of ours contains.
    public static bool IsFromOwnPage(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is [{ } site] && site != "same-origin")
            return false;
        return request.Headers.Origin is [{ } origin]
            && string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }

    // A proxied request may come from anywhere, even if the proxy is on this machine.
    private static bool IsFromThisMachine(HttpContext context)
    {
        var headers = context.Request.Headers;
        return context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
            && LoopbackHost.Is(context.Request.Host.Host)
            && !headers.ContainsKey("X-Forwarded-For") && !headers.ContainsKey("Forwarded")
            && !headers.ContainsKey("Via");
    }

    // Browsers ask for a user and a password. The user name is ignored.
    private bool HasKeyAsPassword(HttpRequest request)
    {
        const string scheme = "Basic ";
        var header = request.Headers.Authorization.ToString();
        var bytes = new byte[header.Length];
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            || !Convert.TryFromBase64String(header[scheme.Length..], bytes, out var length))
            return false;
        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        return gate.IsKey(pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..]);
    }
}
