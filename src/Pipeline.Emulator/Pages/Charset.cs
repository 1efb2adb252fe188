using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Text;

namespace Pipeline.Emulator.Pages;

/// <summary>
/// Detects a page's encoding in the order that browsers use: byte order mark, header, meta element, guess.
/// </summary>
internal static partial class Charset
{
    private const int PrescanBytes = 4096;

    private static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    static Charset() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>
    /// The body without its byte order mark if it is valid UTF-8, so that it need not be decoded; else null.
    /// </summary>
    public static ReadOnlyMemory<byte>? AsUtf8(FetchedPage page)
    {
        var (encoding, mark) = Detect(page);
        if (encoding.CodePage != Utf8.CodePage || !System.Text.Unicode.Utf8.IsValid(page.Body.AsSpan(mark)))
            return null;
        return page.Body.AsMemory(mark);
    }

    /// <summary>Decodes the body; invalid bytes become U+FFFD.</summary>
    public static string Decode(FetchedPage page)
    {
        var (encoding, mark) = Detect(page);
        return encoding.GetString(page.Body.AsSpan(mark));
    }

    private static (Encoding Encoding, int Mark) Detect(FetchedPage page)
    {
        ReadOnlySpan<byte> body = page.Body;
        if (body.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            return (Utf8, 3);
        if (body.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return (Encoding.BigEndianUnicode, 2);
        if (body.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return (Encoding.Unicode, 2);
        var stated = Named(HeaderCharset().Match(page.ContentType ?? "")) ?? FromMeta(body);
        return (stated ?? (System.Text.Unicode.Utf8.IsValid(body) ? Utf8 : TextEncoding.Resolve("windows-1252")), 0);
    }

    private static Encoding? FromMeta(ReadOnlySpan<byte> body)
    {
        var head = Encoding.Latin1.GetString(body[..Math.Min(body.Length, PrescanBytes)]);
        var encoding = Named(MetaCharset().Match(head));

        // A meta element that was readable as ASCII cannot be right about UTF-16.
        return encoding is UnicodeEncoding ? Utf8 : encoding;
    }

    private static Encoding? Named(Match match)
    {
        var label = match.Groups["label"].Value;
        if (!TextEncoding.IsSupported(label))
            return null;
        var encoding = TextEncoding.Resolve(label);
        return encoding.CodePage == Utf8.CodePage ? Utf8 : encoding;
    }

    [GeneratedRegex("""charset\s*=\s*["']?\s*(?<label>[A-Za-z0-9_:.-]+)""", RegexOptions.IgnoreCase)]
    private static partial Regex HeaderCharset();

    [GeneratedRegex(
        """<meta\b[^>]*?\bcharset\s*=\s*["']?\s*(?<label>[A-Za-z0-9_:."""
            + """-]+)|<\?xml\b[^>]*?\bencoding\s*=\s*["'](?<label>[A-Za-z0-9_:.-]+)""",
        RegexOptions.IgnoreCase)]
    private static partial Regex MetaCharset();
}
