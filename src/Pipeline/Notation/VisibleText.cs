using System.Globalization;
using System.Text;

namespace Pipeline.Notation;

/// <summary>Makes text of a list readable in messages: writes invisible characters as <c>U+XXXX</c>.</summary>
internal static class VisibleText
{
    private static readonly Dictionary<int, string> Names = new()
    {
        [0x00AD] = "soft hyphen",
        [0x061C] = "Arabic letter mark",
        [0x180E] = "Mongolian vowel separator",
        [0x200B] = "zero width space",
        [0x200C] = "zero width non-joiner",
        [0x200D] = "zero width joiner",
        [0x200E] = "left-to-right mark",
        [0x200F] = "right-to-left mark",
        [0x202A] = "left-to-right embedding",
        [0x202B] = "right-to-left embedding",
        [0x202C] = "pop directional formatting",
        [0x202D] = "left-to-right override",
        [0x202E] = "right-to-left override",
        [0x2060] = "word joiner",
        [0x2066] = "left-to-right isolate",
        [0x2067] = "right-to-left isolate",
        [0x2068] = "first strong isolate",
        [0x2069] = "pop directional isolate",
        [0xFEFF] = "zero width no-break space, a byte order mark",
    };

    /// <summary>Returns the text with each invisible character written as <c>&lt;U+XXXX&gt;</c>.</summary>
    public static string Of(string text)
    {
        if (!text.EnumerateRunes().Any(IsInvisible))
            return text;
        var visible = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
            visible.Append(IsInvisible(rune) ? $"<{CodeOf(rune)}>" : rune.ToString());
        return visible.ToString();
    }

    /// <summary>
    /// Names a character by its code point and, if it is a common one, its name: <c>U+200B, zero width space</c>.
    /// </summary>
    public static string Name(Rune rune) =>
        Names.TryGetValue(rune.Value, out var name) ? $"{CodeOf(rune)}, {name}" : CodeOf(rune);

    /// <summary>
    /// Whether a character is invisible: control and format characters, line and paragraph separators (Unicode
    /// categories Cc, Cf, Zl, Zp), and white space other than the ASCII space.
    /// </summary>
    public static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
        || (Rune.IsWhiteSpace(rune) && rune.Value != ' ');

    private static string CodeOf(Rune rune) => $"U+{rune.Value:X4}";
}
