using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Notation;

namespace Pipeline.Model.Series;

/// <summary>The series that a list is a run of, and which inputs it leaves out.</summary>
/// <param name="Name">1 to 64 letters, digits, <c>-</c> and <c>_</c>.</param>
/// <param name="OnlyNew">Whether inputs that the series has a record of are left out.</param>
/// <param name="MaxAge">Records older than this do not count; null for any age.</param>
internal sealed partial record SeriesRequest(string Name, bool OnlyNew = false, TimeSpan? MaxAge = null)
{
    /// <summary>Checks what a list and its sender say; null if they name no series.</summary>
    /// <exception cref="PipelineException">Permanent: a value cannot be used, or there is no series.</exception>
    public static SeriesRequest? Of(SeriesFields fields)
    {
        var (name, onlyNew, maxAge) = fields;
        if (name is null)
            return onlyNew != true && maxAge is null
                ? null
                : throw Refused(
                    "only_new and max_age leave out what the list's series already has, but the list has no series. "
                        + "Name one: series.");
        if (GivenName.FaultOf(name, "a series") is { } fault)
            throw Refused(fault);
        return new(name, onlyNew ?? maxAge is not null, maxAge is null ? null : ReadAge(maxAge));
    }

    /// <summary>Whether a record of this age is recent enough to leave its input out.</summary>
    public bool LeavesOut(DateTimeOffset recordedAt, DateTimeOffset runAt) =>
        OnlyNew && (MaxAge is not { } most || runAt - recordedAt <= most);

    /// <summary>Reads an age such as <c>90s</c>, <c>45m</c>, <c>12h</c>, <c>30d</c> or <c>4w</c>.</summary>
    /// <exception cref="PipelineException">Permanent: the text is not an age.</exception>
    public static TimeSpan ReadAge(string text)
    {
        var match = AgePattern().Match(text);
        if (!match.Success)
            throw Refused($"'{VisibleText.Of(text)}' cannot be a max_age. Write a number and s, m, h, d or w: 30d.");
        var seconds = SecondsOf(match.Groups[2].Value)
            * long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        // No record is older than the longest time span.
        return TimeSpan.FromSeconds(Math.Min(seconds, (long)TimeSpan.MaxValue.TotalSeconds));
    }

    private static long SecondsOf(string unit) => unit switch
    {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 7 * 86_400,
    };

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);

    [GeneratedRegex(@"^([0-9]{1,9})(s|m|h|d|w)\z")]
    private static partial Regex AgePattern();
}
