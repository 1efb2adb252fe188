using System.Net;
using Pipeline.Notation;
using Pipeline.Options;

namespace Pipeline.Urls;

/// <summary>
/// Decides which URLs may be sent to Nimble. Refuses URLs of refused domains. Unless private URLs are allowed, also
/// refuses URLs with credentials and URLs whose host is this machine or an address or name in a private network or of
/// a metadata service. Does not resolve names: Nimble resolves them in its own network.
/// </summary>
internal sealed class UrlGuard(GuardOptions guards, bool allowPrivate)
{
    // Names that no public DNS resolves, reserved for private networks (RFC 6761, 6762 and 8375, ICANN's .internal),
    // and those by which clouds' metadata services are reached: metadata.google.internal, instance-data, metadata.
    private static readonly string[] PrivateNames =
        ["localhost", "localdomain", "local", "internal", "home.arpa", "instance-data", "metadata"];

    private readonly RefusedDomains _refused = new(guards);

    /// <summary>
    /// Returns why a URL is refused and what to do, as the start of a sentence; null if it may be sent.
    /// </summary>
    /// <param name="url">A URL that passed <see cref="UrlRules"/>.</param>
    public string? Check(string url)
    {
        if (_refused.Find(url) is { } domain)
            return $"Guards:RefusedDomains has '{domain}'. Remove it there";
        if (allowPrivate)
            return null;
        if (HasCredentials(url))
            return "it contains a user name or password, which Nimble would see. Remove them, or allow such URLs with "
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
        PrivateNames.Any(name => host.EndsWith(name, StringComparison.Ordinal)
            && (host.Length == name.Length || host[^(name.Length + 1)] == '.'))
        || (IPAddress.TryParse(host, out var address) && !AddressRanges.IsPublic(address));
}
