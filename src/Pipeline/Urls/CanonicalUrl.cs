using System.Text;

namespace Pipeline.Urls;

/// <summary>
/// The canonical form in which URLs are compared. Two URLs that a browser would fetch with the same request have the
/// same one: host as in <see cref="HostName"/>, no default port, no dot segments, <c>/</c> for an empty path, one way
/// to percent-encode, no fragment. It is only compared, never requested: the pipeline posts and records the original
/// URL.
/// </summary>
internal static class CanonicalUrl
{
    /// <summary>Returns the canonical form. Text that is not an http or https URL is returned unchanged.</summary>
    public static string Of(string url) => Canonicalize(url, withFragment: false);

    /// <summary>Returns the canonical form with the fragment, which no server sees.</summary>
    public static string WithFragment(string url) => Canonicalize(url, withFragment: true);

    /// <summary>Whether two URLs have the same canonical form.</summary>
    public static bool AreSame(string a, string b) => a == b || Of(a) == Of(b);

    /// <summary>Returns the canonical host of an http or https URL; null if a browser would refuse the URL.</summary>
    public static string? HostOf(string url) => Split(url) is { } parts ? HostName.Canonicalize(parts.Host) : null;

    /// <summary>
    /// Returns the URL with scheme and host in lower case and the rest unchanged. No server can distinguish the two.
    /// </summary>
    public static string WithLowerHost(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var length = url.AsSpan(start).IndexOfAny("/\\?#");
        var end = length < 0 ? url.Length : start + length;
        // User names and passwords differ by case.
        var host = Math.Max(start, url.LastIndexOf('@', end - 1) + 1);
        return url.AsSpan(0, start).IndexOfAnyInRange('A', 'Z') < 0
            && url.AsSpan(host, end - host).IndexOfAnyInRange('A', 'Z') < 0
            ? url
            : url[..start].ToLowerInvariant() + url[start..host] + url[host..end].ToLowerInvariant() + url[end..];
    }

    private static string Canonicalize(string url, bool withFragment)
    {
        if (Split(url) is not { } parts || HostName.Canonicalize(parts.Host) is not { } host)
            return url;
        var hash = parts.Rest.IndexOf('#', StringComparison.Ordinal);
        var rest = hash < 0 ? parts.Rest : parts.Rest[..hash];
        // Uri canonicalizes path and query. It gets a placeholder host because it refuses some hosts browsers accept.
        if (!Uri.TryCreate($"http://h{rest}", UriKind.Absolute, out var uri))
            return url;
        var canonical = $"{parts.Scheme}://{parts.User}{host}{parts.Port}{UpperEscapes(uri.PathAndQuery)}"
            + (withFragment && hash >= 0 ? parts.Rest[hash..] : "");
        // Most URLs are canonical, and thousands are kept in both forms.
        return canonical == url ? url : canonical;
    }

    private static Parts? Split(string url)
    {
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon is 4 or 5 ? url[..colon].ToLowerInvariant() : "";
        if (scheme is not ("http" or "https") || url.AsSpan(colon + 1) is not (['/' or '\\', '/' or '\\', ..]))
            return null;
        // Browsers treat a backslash as a slash here, and the URL guard must see the same host as a browser.
        var end = url.AsSpan(colon + 3).IndexOfAny("/\\?#") is var found and >= 0 ? colon + 3 + found : url.Length;
        var authority = url[(colon + 3)..end];
        var user = authority.LastIndexOf('@') + 1;
        var port = authority.IndexOf(':', Math.Max(authority.LastIndexOf(']'), user));
        var host = port < 0 ? authority[user..] : authority[user..port];
        return new(scheme, authority[..user], host, port < 0 ? "" : Port(authority[port..], scheme), url[end..]);
    }

    private static string Port(string port, string scheme)
    {
        var digits = port[1..].TrimStart('0');
        return digits.Length == 0 || digits == (scheme == "http" ? "80" : "443") ? "" : $":{digits}";
    }

    /// <summary>
    /// Writes escapes in upper case. Also encodes the apostrophe, which browsers encode in queries and Uri does not.
    /// </summary>
    private static string UpperEscapes(string text)
    {
        text = text.Replace("'", "%27", StringComparison.Ordinal);
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        var upper = new StringBuilder(text);
        for (var i = 0; i + 2 < upper.Length; i++)
            if (upper[i] == '%' && char.IsAsciiHexDigit(upper[i + 1]) && char.IsAsciiHexDigit(upper[i + 2]))
                (upper[i + 1], upper[i + 2]) = (
                    char.ToUpperInvariant(upper[i + 1]), char.ToUpperInvariant(upper[i + 2]));
        return upper.ToString();
    }

    private sealed record Parts(string Scheme, string User, string Host, string Port, string Rest);
}
