using Pipeline.Urls;

namespace Pipeline.Intake;

/// <summary>
/// The domains that are not submitted, with all their subdomains. Hosts are compared as a browser would resolve them
/// (<see cref="HostName"/>).
/// </summary>
internal sealed class RefusedDomains(GuardOptions guards)
{
    private readonly HashSet<string> _domains = new(
        guards.RefusedDomains.Where(domain => domain.Length > 0).Select(HostOfDomain).OfType<string>(),
        StringComparer.Ordinal
    );

    /// <summary>Whether a setting names a domain or an address, and nothing beside.</summary>
    public static bool IsDomain(string domain) =>
        Uri.CheckHostName(domain) is not UriHostNameType.Unknown
        && domain[0] != '.'
        && HostOfDomain(domain) is not null;

    /// <summary>The refused domain that a URL belongs to; null for a URL that may go.</summary>
    /// <param name="url">Past <see cref="UrlRules"/>.</param>
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
