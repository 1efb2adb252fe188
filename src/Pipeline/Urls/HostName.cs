using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Urls;

/// <summary>
/// Converts hosts to the canonical form in which they are compared: ASCII, lower case, as a browser would resolve them
/// (UTS 46, non-transitional, as in the WHATWG URL standard). IP addresses get their standard notation, and an
/// IPv4-mapped IPv6 address becomes IPv4.
/// </summary>
internal static class HostName
{
    private const string Prefix = "xn--";
    private const int NonJoiner = 0x200C, Joiner = 0x200D, Virama = 9;

    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    // Characters that browsers refuse in a name (WHATWG: forbidden domain code points).
    private static readonly SearchValues<char> Forbidden =
        SearchValues.Create([.. Enumerable.Range(0, 0x21).Select(c => (char)c), .. "#/:<>?@[\\]^|%\u007F"]);

    /// <summary>Returns the canonical form; null for a host that no browser would resolve.</summary>
    /// <param name="host">The host as in a URL: IPv6 in brackets, names possibly percent-encoded.</param>
    public static string? Canonicalize(string host)
    {
        if (host.StartsWith('['))
            return host.EndsWith(']') ? Address(host[1..^1]) : null;
        if (host.AsSpan().ContainsAnyExcept(Plain))
        {
            if (Map(host.Contains('%') ? Uri.UnescapeDataString(host) : host) is not { } mapped)
                return null;
            host = mapped;
        }
        else
        {
            host = host.ToLowerInvariant();
        }
        if (host.Contains(Prefix, StringComparison.Ordinal))
            host = string.Join('.', host.Split('.').Select(CheckLabel));
        return host.Length == 0 || host.AsSpan().ContainsAny(Forbidden)
            ? null
            : EndsInNumber(host)
            ? Address(host)
            : host;
    }

    /// <summary>Maps and normalizes a whole name (UTS 46), then converts its labels to ASCII.</summary>
    private static string? Map(string host)
    {
        var table = IdnaTable.Instance;
        var points = new List<int>(host.Length);
        foreach (var rune in host.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || table.IsRefused(rune.Value))
                return null;
            if (table.Map(rune.Value) is { } mapped)
                points.AddRange(mapped);
            else
                points.Add(rune.Value);
        }
        var labels = Text(Composition.Compose(points, table)).Split('.').Select(ToAscii).ToList();
        return labels.Contains(null) ? null : string.Join('.', labels);
    }

    private static string? ToAscii(string label)
    {
        if (Ascii.IsValid(label))
            return label;
        var points = label.EnumerateRunes().Select(r => r.Value).ToList();
        return IsValid(points) ? Prefix + Punycode.Encode(points) : null;
    }

    /// <summary>
    /// Returns the label. Returns an invalid one instead of Punycode that the encoder would not produce.
    /// </summary>
    private static string CheckLabel(string label)
    {
        const string invalid = "%";
        if (!label.StartsWith(Prefix, StringComparison.Ordinal))
            return label;
        if (Punycode.Decode(label.AsSpan(Prefix.Length)) is not { } points || !points.Exists(p => p >= 0x80))
            return invalid;
        return Map(Text(points)) == label ? label : invalid;
    }

    private static bool IsValid(List<int> points)
    {
        if (Rune.GetUnicodeCategory(new(points[0])) is UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)
            return false;
        for (var i = 0; i < points.Count; i++)
            if (points[i] is NonJoiner or Joiner && !MayJoin(points, i))
                return false;
        return true;
    }

    /// <summary>
    /// A joiner is allowed after a virama, a non-joiner also between Arabic letters (RFC 5892, appendix A). Elsewhere
    /// they are invisible.
    /// </summary>
    private static bool MayJoin(List<int> points, int at) =>
        at > 0 && (IdnaTable.Instance.ClassOf(points[at - 1]) == Virama
            || (points[at] == NonJoiner && at + 1 < points.Count && IsArabic(points[at - 1])
                && IsArabic(points[at + 1])));

    private static bool IsArabic(int point) => point is (>= 0x600 and <= 0x77F) or (>= 0x8A0 and <= 0x8FF);

    private static bool EndsInNumber(string host)
    {
        var labels = host.Split('.');
        var last = labels[^1].Length == 0 && labels.Length > 1 ? labels[^2] : labels[^1];
        return last.Length > 0 && (!last.AsSpan().ContainsAnyExceptInRange('0', '9')
            || (last.StartsWith("0x", StringComparison.Ordinal) && last.AsSpan(2).IndexOfAnyExcept(Hex) < 0));
    }

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    private static string? Address(string text)
    {
        var zone = text.IndexOf('%', StringComparison.Ordinal);
        if (!IPAddress.TryParse(zone < 0 ? text.TrimEnd('.') : text[..zone], out var address))
            return null;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
    }

    private static string Text(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        foreach (var point in points)
            text.Append(new Rune(point).ToString());
        return text.ToString();
    }
}
