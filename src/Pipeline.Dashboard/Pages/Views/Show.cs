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

    /// <summary>A time with its date, UTC.</summary>
    public static IHtmlContent Time(DateTimeOffset? time) => time is { } at
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

    /// <summary>A text that a stranger may have written.</summary>
    public static IHtmlContent Foreign(string? text, int longest = Longest) =>
        new HtmlFormattableString("<bdi>{0}</bdi>", Cut(text ?? "", longest));

    /// <summary>A URL that a stranger may have written. It is shown, never linked.</summary>
    public static IHtmlContent Url(string? url, int longest = Longest) =>
        new HtmlFormattableString("<bdi class=\"url\" dir=\"ltr\">{0}</bdi>", Cut(url ?? "", longest));

    /// <summary>A sentence of our own with commands in it, and perhaps words of a stranger.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="arguments">What each command needs to find this pipeline, unless it says so itself.</param>
    public static IHtmlContent Advice(string text, string arguments = "")
    {
        var content = new HtmlContentBuilder();
        var at = 0;
        var clean = Cut(text, 2000);
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
        return text.Length > longest
            ? Text($"{Seen(text.AsSpan(0, longest))}… ({text.Length:N0} characters)")
            : Seen(text);
    }

    /// <summary>Writes what nobody would see as its code, also where it is repeated in a field.</summary>
    public static string Seen(ReadOnlySpan<char> text)
    {
        var clean = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(IsSeen(rune) ? rune.ToString() : Text($"U+{rune.Value:X4}"));
        return clean.ToString();
    }

    // Joiners are part of emoji and of words in many scripts.
    private static bool IsSeen(Rune rune) => rune.Value is ' ' or '\n' or 0x200C or 0x200D
        || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
