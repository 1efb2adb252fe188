using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Html;
using Pipeline.Notation;
using Pipeline.Urls;

namespace Pipeline.Dashboard.Pages.Views;

/// <summary>
/// Writes values for people. Whatever comes from a list, a page or a message is cut to a length, shows characters that
/// would reorder or hide text as their code, and is kept apart from the text around it (<c>bdi</c>).
/// </summary>
internal static class Show
{
    /// <summary>Longest text of a stranger on a page, in characters.</summary>
    public const int Longest = 300;

    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss";

    // Marks that stand on one letter in living scripts. More would cover the lines above and below.
    private const int MostMarks = 4;

    /// <summary>A number with thousands separators.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A cost.</summary>
    public static string Money(decimal cost) => cost.ToString("#,##0.00##", CultureInfo.InvariantCulture);

    /// <summary>
    /// A share of a whole, rounded down so that 100 % means all; <c>&lt; 1 %</c> where it is not none.
    /// </summary>
    public static string Percent(long part, long whole) => (part, whole) switch
    {
        (_, 0) or (0, _) => "0 %",
        _ when part * 100 / whole is var percent && percent > 0 => $"{percent} %",
        _ => "< 1 %",
    };

    /// <summary>A rate of records or outcomes.</summary>
    public static string Rate(double perMinute) =>
        perMinute is > 0 and < 1 ? "under 1" : Number((long)perMinute);

    /// <summary>A time with its date, UTC; a dash for none, and for the time that stands for "at once".</summary>
    public static IHtmlContent Time(DateTimeOffset? time) => time is { } at && at > DateTimeOffset.UnixEpoch
        ? new HtmlFormattableString(
            "<time datetime=\"{0}\">{1} UTC</time>",
            at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture))
        : new HtmlString("–");

    /// <summary>A duration, such as <c>4 min</c>.</summary>
    public static string Age(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => "under 1 s",
        { TotalMinutes: < 1 } => Text($"{Math.Floor(time.TotalSeconds):0} s"),
        { TotalHours: < 1 } => Text($"{Math.Floor(time.TotalMinutes):0} min"),
        { TotalDays: < 1 } => Text($"{Math.Floor(time.TotalHours):0} h {time.Minutes} min"),
        _ => Text($"{Math.Floor(time.TotalDays):0} d {time.Hours} h"),
    };

    /// <summary>A size in bytes.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1024 => Text($"{bytes} bytes"),
        < 1024 * 1024 => Text($"{bytes / 1024.0:0.#} KiB"),
        _ => Text($"{bytes / 1024.0 / 1024:0.#} MiB"),
    };

    /// <summary>A snake_case word for people: <c>nimble budget</c>.</summary>
    public static string Word(string word) => word.Replace('_', ' ');

    /// <summary>The name of a list: what its sender called it, or its id where that shows nothing.</summary>
    public static string Name(string? source, string listId) => string.IsNullOrWhiteSpace(source) ? listId : source;

    /// <summary>A text that a stranger may have written.</summary>
    public static IHtmlContent Foreign(string? text, int longest = Longest) =>
        new HtmlFormattableString("<bdi>{0}</bdi>", Cut(text ?? "", longest));

    /// <summary>A URL that a stranger may have written. It is shown, never linked.</summary>
    public static IHtmlContent Url(string? url, int longest = Longest) =>
        new HtmlFormattableString("<bdi class=\"url\" dir=\"ltr\">{0}</bdi>", Cut(url ?? "", longest));

    /// <summary>A sentence of our own with commands in it, and perhaps words of a stranger.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="arguments">What each command needs to find this pipeline, unless it says so itself.</param>
    /// <param name="longest">Longest text, in characters.</param>
    public static IHtmlContent Advice(string text, string arguments = "", int longest = 2000)
    {
        var content = new HtmlContentBuilder();
        var at = 0;
        var clean = Cut(text, longest);
        foreach (var (index, length, command) in CommandsInText.Find(clean, arguments))
        {
            content.Append(clean[at..index]);
            content.AppendFormat("<code class=\"command\">{0}</code>", command);
            at = index + length;
        }
        return content.Append(clean[at..]);
    }

    /// <summary>
    /// Cuts a text, writes what nobody would see as its code, and hides the passwords of URLs.
    /// </summary>
    public static string Cut(string text, int longest = Longest)
    {
        if (text.Contains('@', StringComparison.Ordinal))
            text = UrlCredentials.HideAll(text);
        if (text.Length <= longest)
            return Seen(text);
        var end = char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest;
        return Text($"{Seen(text.AsSpan(0, end))}… ({text.Length:N0} characters)");
    }

    /// <summary>Writes what nobody would see as its code, also where it is repeated in a field.</summary>
    public static string Seen(ReadOnlySpan<char> text)
    {
        var clean = new StringBuilder(text.Length + 16);
        var marks = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            marks = IsMark(rune) ? marks + 1 : 0;
            clean.Append(marks <= MostMarks && IsSeen(rune) ? rune.ToString() : Text($"U+{rune.Value:X4}"));
        }
        return clean.ToString();
    }

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    // These count as letters or symbols, and are blank.
    private static bool IsBlank(Rune rune) => rune.Value is 0x115F or 0x1160 or 0x2800 or 0x3164 or 0xFFA0;

    // Joiners are part of emoji and of words in many scripts.
    private static bool IsSeen(Rune rune) => rune.Value is ' ' or '\n' or 0x200C or 0x200D
        || !IsBlank(rune)
        && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
