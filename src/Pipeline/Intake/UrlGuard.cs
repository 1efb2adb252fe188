using System.Net;
using Pipeline.Http;
using Pipeline.Urls;

namespace Pipeline.Intake;

/// <summary>
/// Which URLs may be sent to Nimble: none of a refused domain, and unless they are allowed none with credentials in it
/// and none that names this machine, a private network or a metadata service outright. A name is not looked up: Nimble
/// does that, in its own network.
/// </summary>
internal sealed class UrlGuard(GuardOptions guards, bool allowPrivate)
{
    private readonly RefusedDomains _refused = new(guards);

    /// <summary>Why a URL may not go, and what to do about it; null for one that may.</summary>
    /// <param name="url">Past <see cref="UrlRules"/>.</param>
    public string? Check(string url)
    {
        if (_refused.Find(url) is { } domain)
            return $"Guards:RefusedDomains has '{domain}'. Take it out there";
        if (allowPrivate)
            return null;
        if (HasCredentials(url))
            return "it has a user name or password in it, which Nimble would see. Remove them, or allow such URLs with "
                + "--allow-private (Intake:AllowPrivate)";
        return CanonicalUrl.HostOf(url)?.TrimEnd('.') is { } host && IsPrivate(host)
            ? $"'{VisibleText.Of(host)}' is an address of this machine, a private network or a metadata service. "
                + "Allow such URLs with --allow-private (Intake:AllowPrivate)"
            : null;
    }

    private static bool HasCredentials(string url)
    {
        var authority = url.AsSpan(url.IndexOf(':', StringComparison.Ordinal) + 3);
        var end = authority.IndexOfAny("/\\?#");
        return (end < 0 ? authority : authority[..end]).Contains('@');
    }

    private static bool IsPrivate(string host) =>
        host == "localhost"
        || host.EndsWith(".localhost", StringComparison.Ordinal)
        || (IPAddress.TryParse(host, out var address) && !AddressRanges.IsPublic(address));
}
