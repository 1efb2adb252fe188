using System.Globalization;
using System.Text.Json;
using Pipeline.Notation;

namespace Pipeline.Settings;

/// <summary>Converts texts to values of settings and back, and describes the values that a setting may have.</summary>
internal static class SettingText
{
    private const string ExampleAddress = "https://api.example.com";
    private const string Unlimited = "9223372036854775807";

    /// <summary>Parses a value; ignores blanks around the text.</summary>
    /// <returns>Whether the text is a value of the setting's type. The range is not checked.</returns>
    public static bool TryParse(Setting setting, string text, out object? value)
    {
        text = text.Trim();
        value = setting.Type switch
        {
            var type when type == typeof(string) => text,
            var type when type == typeof(bool) => bool.TryParse(text, out var flag) ? flag : null,
            var type when type == typeof(int) => int.TryParse(text, Integer, Culture, out var number) ? number : null,
            var type when type == typeof(long) => long.TryParse(text, Integer, Culture, out var number) ? number : null,
            var type when type == typeof(double) => double.TryParse(text, Real, Culture, out var real) ? real : null,
            var type when type == typeof(decimal) => decimal.TryParse(text, Real, Culture, out var cost) ? cost : null,
            var type when type == typeof(TimeSpan) => ParseTime(text),
            var type when type == typeof(Uri) => WebAddress.Parse(text),
            { IsEnum: true } type => ParseName(type, text),
            var type => throw new NotSupportedException($"{setting.Path} has the type {type}, which nothing reads."),
        };
        return value is not null;
    }

    /// <summary>Says what to write: <c>a whole number from 1 to 1,000, such as 256</c>.</summary>
    public static string Expected(Setting setting)
    {
        if (setting.Type.IsEnum || setting.Type == typeof(bool))
            return Values(setting);
        return $"{Kind(setting.Type)}{(setting.Range is null ? "" : " " + Values(setting))}, "
            + $"such as {Example(setting)}";
    }

    /// <summary>The values that a setting may have, as in the documentation; empty if any text is allowed.</summary>
    public static string Values(Setting setting)
    {
        if (setting.Type.IsEnum)
            return string.Join(" or ", Enum.GetNames(setting.Type).Select(JsonNamingPolicy.CamelCase.ConvertName));
        if (setting.Type == typeof(bool))
            return "true or false";
        if (setting.Range is not { } range)
            return "";
        var from = range.MinimumIsExclusive ? $"above {Bound(range.Minimum)}" : $"from {Bound(range.Minimum)}";
        return Format(range.Maximum) == Unlimited ? $"{from} up" : $"{from} to {Bound(range.Maximum)}";
    }

    /// <summary>Formats a value as a user would write it.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        TimeSpan time => Short(time),
        bool or Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()!),
        Uri address => address.OriginalString,
        IList<string> => "",
        _ => Convert.ToString(value, Culture)!,
    };

    private const NumberStyles Integer = NumberStyles.AllowLeadingSign;
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>TimeSpan would read <c>30</c> and <c>24:00:00</c> as days, which users do not mean.</summary>
    private static object? ParseTime(string text) =>
        text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParseExact(text, "c", Culture, out var time)
            ? time
            : null;

    private static object? ParseName(Type type, string text) =>
        Enum.GetNames(type).FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name
            ? Enum.Parse(type, name)
            : null;

    private static string Kind(Type type) => type switch
    {
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(TimeSpan) => "a time as [days.]hours:minutes:seconds",
        _ when type == typeof(Uri) => "an http or https address",
        _ when type == typeof(string) => "a text",
        _ => "a number",
    };

    private static string Example(Setting setting) =>
        setting.Example is { } example ? example
        : setting.Default is { } value && !setting.IsSecret ? Format(value)
        : setting.Type == typeof(Uri) ? ExampleAddress
        : setting.Type == typeof(long) ? "1000"
        : "1.5";

    private static string Bound(object bound) =>
        decimal.TryParse(Format(bound), Real, Culture, out var number)
            ? number.ToString("#,0.###", Culture)
            : Format(bound);

    private static string Short(TimeSpan time) =>
        time.ToString("c", Culture) is var text && text.Contains('.', StringComparison.Ordinal)
            && time.Microseconds + time.Milliseconds > 0
            ? text.TrimEnd('0')
            : text;
}
