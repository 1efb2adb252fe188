using System.Text;

namespace Pipeline.Urls;

/// <summary>
/// The one form in which URLs are compared. Two URLs that a browser would fetch with the same request have the same:
/// the host as in <see cref="HostName"/>, no default port, no dot segments, <c>/</c> for an empty path, one way to
/// percent-encode, no fragment. It is only compared, never requested: what is posted and recorded stays as it was given.
/// </summary>
internal static class CanonicalUrl
{
    /// <summary>The canonical form; a text that is no http or https URL is its own.</summary>
    public static string Of(string url) => Canonicalize(url, withFragment: false);

    /// <summary>The same with its fragment, which no server sees.</summary>
    public static string WithFragment(string url) => Canonicalize(url, withFragment: true);

    /// <summary>Whether both are the same URL.</summary>
    public static bool AreSame(string a, string b) => a == b || Of(a) == Of(b);

    /// <summary>The canonical host of an http or https URL; null where a browser would refuse the URL.</summary>
    public static string? HostOf(string url) => Split(url) is { } parts ? HostName.Canonicalize(parts.Host) : null;

    private static string Canonicalize(string url, bool withFragment)
    {
        if (Split(url) is not { } parts || HostName.Canonicalize(parts.Host) is not { } host)
            return url;
        var hash = parts.Rest.IndexOf('#', StringComparison.Ordinal);
        var rest = hash < 0 ? parts.Rest : parts.Rest[..hash];
        // The parser knows everything about paths and queries; the host it would not take is not shown to it.
        if (!Uri.TryCreate($"http://h{rest}", UriKind.Absolute, out var uri))
            return url;
        return $"{parts.Scheme}://{parts.User}{host}{parts.Port}{UpperEscapes(uri.PathAndQuery)}"
            + (withFragment && hash >= 0 ? parts.Rest[hash..] : "");
    }

    private static Parts? Split(string url)
    {
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon is 4 or 5 ? url[..colon].ToLowerInvariant() : "";
        if (scheme is not ("http" or "https") || url.AsSpan(colon + 1) is not (['/' or '\\', '/' or '\\', ..]))
            return null;
        // Browsers take a backslash for a slash here, and whoever guards hosts must see the same host as they.
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

    /// <summary>Hex digits in capitals, and the one character that browsers encode in queries and the parser does not.</summary>
    private static string UpperEscapes(string text)
    {
        text = text.Replace("'", "%27", StringComparison.Ordinal);
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        var upper = new StringBuilder(text);
        for (var i = 0; i + 2 < upper.Length; i++)
            if (upper[i] == '%' && char.IsAsciiHexDigit(upper[i + 1]) && char.IsAsciiHexDigit(upper[i + 2]))
                (upper[i + 1], upper[i + 2]) = (char.ToUpperInvariant(upper[i + 1]), char.ToUpperInvariant(upper[i + 2]));
        return upper.ToString();
    }

    private sealed record Parts(string Scheme, string User, string Host, string Port, string Rest);
}
