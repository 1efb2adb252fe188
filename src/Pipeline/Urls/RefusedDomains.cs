using Pipeline.Options;

namespace Pipeline.Urls;

/// <summary>
/// Domains whose URLs are not submitted, including all subdomains. Compares hosts as a browser would resolve them
/// (<see cref="HostName"/>).
/// </summary>
internal sealed class RefusedDomains(GuardOptions guards)
{
    private readonly HashSet<string> _domains = new(
        guards.RefusedDomains.Where(domain => domain.Length > 0).Select(HostOfDomain).OfType<string>(),
        StringComparer.Ordinal);

    /// <summary>Whether a value of Guards:RefusedDomains is a domain name or an IP address, and nothing else.</summary>
    public static bool IsDomain(string domain) =>
        Uri.CheckHostName(domain) is not UriHostNameType.Unknown
        && domain[0] != '.'
        && HostOfDomain(domain) is not null;

    /// <summary>Returns the refused domain that a URL belongs to; null if it belongs to none.</summary>
    /// <param name="url">A URL that passed <see cref="UrlRules"/>.</param>
    public string? Find(string url)
    {
        if (_domains.Count == 0 || CanonicalUrl.HostOf(url) is not { } canonical)
            return null;
        for (var host = canonical.TrimEnd('.'); ; )
        {
            if (_domains.Contains(host))
                return host;
            var dot = host.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0)
                return null;
            host = host[(dot + 1)..];
        }
    }

    private static string? HostOfDomain(string domain) =>
        HostName.Canonicalize(domain.Contains(':') && domain[0] != '[' ? $"[{domain}]" : domain)?.TrimEnd('.');
}
