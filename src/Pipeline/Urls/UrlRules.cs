using System.Buffers;
using System.Text;
using Pipeline.Notation;

namespace Pipeline.Urls;

/// <summary>
/// The rules for a URL in a list: absolute http or https, with a valid host, without white space, control or format
/// characters, at most 8 KiB.
/// </summary>
internal static class UrlRules
{
    private const int MaxBytes = 8 * 1024;

    private static readonly SearchValues<char> PlainHost = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>
    /// Returns null for a valid URL, otherwise what is wrong with it. Does not normalize: the URL is kept byte for
    /// byte.
    /// </summary>
    public static string? Check(string url)
    {
        if (url.Length == 0)
            return "the URL is empty";
        if (Encoding.UTF8.GetByteCount(url) > MaxBytes)
            return "the URL is longer than 8,192 bytes";
        if (FindInvisible(url) is { } character)
            return $"the URL contains a space or an invisible character ({VisibleText.Name(character)}); remove or "
                + "percent-encode it";
        var authority = AfterScheme(url);
        if (authority < 0)
            return $"'{Short(url)}' is not an absolute http or https URL";
        return IsHost(url, authority) ? null : $"'{Short(url)}' has no valid host";
    }

    private static Rune? FindInvisible(string url)
    {
        var at = url.AsSpan().IndexOfAnyExceptInRange('!', '~');
        if (at < 0)
            return null;
        foreach (var rune in url.AsSpan(at).EnumerateRunes())
        {
            if (rune.Value == ' ' || VisibleText.IsInvisible(rune))
                return rune;
        }
        return null;
    }

    private static int AfterScheme(string url) =>
        url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8
        : url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? 7
        : -1;

    // Refuses hosts that no browser would resolve: neither the guard nor Nimble could tell which host is meant.
    private static bool IsHost(string url, int start)
    {
        var rest = url.AsSpan(start);
        var end = rest.IndexOfAny('/', '?', '#');
        var host = end < 0 ? rest : rest[..end];
        // Most hosts are plain names. Only the others (ports, users, brackets, other scripts) need the full parser.
        if (
            host.Length is > 0 and <= 253
            && !host.ContainsAnyExcept(PlainHost)
            && host[0] != '.'
            && host.IndexOf("..") < 0)
            return IsPlainName(host) || CanonicalUrl.HostOf(url) is not null;
        return host.Length > 0
            && !host.Contains('\\')
            && Uri.TryCreate(url, UriKind.Absolute, out var uri)
            && uri.Host.Length > 0
            && CanonicalUrl.HostOf(url) is not null;
    }

    // The last label starts with a letter, so the host is not an IP address, and no label is Punycode.
    private static bool IsPlainName(ReadOnlySpan<char> host) =>
        host[^1] != '.'
        && char.IsAsciiLetter(host[host.LastIndexOf('.') + 1])
        && !host.Contains("xn--", StringComparison.OrdinalIgnoreCase);

    private static string Short(string url)
    {
        url = UrlCredentials.Hide(url);
        return VisibleText.Of(url.Length <= 100 ? url : string.Concat(url.AsSpan(0, 97), "..."));
    }
}
