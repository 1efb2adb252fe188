using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pipeline.Emulator;

/// <summary>
/// Replaces the characters that control a terminal: control characters (C0, DEL, C1, and so every escape sequence),
/// bidirectional controls and line separators. Each becomes <c>\uXXXX</c>, which means the same character in JSON. Tabs
/// and line feeds stay.
/// </summary>
internal static class CleanText
{
    private static readonly SearchValues<char> Obeyed = SearchValues.Create(
    [
        .. Range(0x00, 0x08), .. Range(0x0B, 0x1F), .. Range(0x7F, 0x9F), '\u061C', '\u200E', '\u200F',
        .. Range(0x2028, 0x202E), .. Range(0x2066, 0x2069),
    ]);

    /// <summary>Whether the text has nothing to replace.</summary>
    public static bool IsClean(ReadOnlySpan<char> text) => !text.ContainsAny(Obeyed);

    /// <summary>Returns the text with each of those characters replaced.</summary>
    public static string Clean(ReadOnlySpan<char> text)
    {
        var clean = new StringBuilder(text.Length + 16);
        for (var at = text.IndexOfAny(Obeyed); at >= 0; at = text.IndexOfAny(Obeyed))
        {
            clean.Append(text[..at]);
            // CR LF is a line end, so its CR stays too.
            if (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n')
                clean.Append('\r');
            else
                clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[at]:X4}");
            text = text[(at + 1)..];
        }
        return clean.Append(text).ToString();
    }

    private static IEnumerable<char> Range(int first, int last) =>
        Enumerable.Range(first, last - first + 1).Select(c => (char)c);
}
