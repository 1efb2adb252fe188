namespace Pipeline.Intake;

/// <summary>The domains that are not submitted, with all their subdomains; other scripts, capitals and a dot at the end make no difference.</summary>
internal sealed class RefusedDomains(GuardOptions guards)
{
    private readonly HashSet<string> _domains = new(guards.RefusedDomains.Where(domain => domain.Length > 0).Select(domain => HostOf($"http://{domain}/")), StringComparer.Ordinal);

    /// <summary>Whether a setting names a domain or an address, and nothing beside.</summary>
    public static bool IsDomain(string domain) =>
        Uri.CheckHostName(domain) is not UriHostNameType.Unknown && domain[0] != '.' && Uri.TryCreate($"http://{domain}/", UriKind.Absolute, out _);

    /// <summary>The refused domain that a URL belongs to; null for a URL that may go.</summary>
    /// <param name="url">Past <see cref="UrlRules"/>.</param>
    public string? Find(string url)
    {
        if (_domains.Count == 0)
            return null;
        for (var host = HostOf(url); ;)
        {
            if (_domains.Contains(host))
                return host;
            var dot = host.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0)
                return null;
            host = host[(dot + 1)..];
        }
    }

    private static string HostOf(string url)
    {
        if (Uri.TryCreate(url, UriKind.Absolute, out var uri))
            return uri.IdnHost.TrimEnd('.').ToLowerInvariant();
        // UrlRules lets plain hosts pass that the parser does not know.
        var rest = url[(url.IndexOf("//", StringComparison.Ordinal) + 2)..];
        var end = rest.IndexOfAny(['/', '?', '#']);
        return (end < 0 ? rest : rest[..end]).TrimEnd('.').ToLowerInvariant();
    }
}
