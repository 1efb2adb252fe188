using System.Globalization;
using System.Text;

namespace Pipeline.Notation;

/// <summary>
/// Formats a value for a message: on one line, with bounded length, with invisible characters as <c>U+XXXX</c>.
/// </summary>
internal static class DisplayText
{
    private const int Longest = 100;

    /// <summary>Returns the value in quotes.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder("'");
        foreach (var rune in value.EnumerateRunes().Take(Longest))
            text.Append(IsVisible(rune) ? rune.ToString() : $"U+{rune.Value:X4}");
        return text.Append(value.EnumerateRunes().Count() > Longest ? "…'" : "'").ToString();
    }

    private static bool IsVisible(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
