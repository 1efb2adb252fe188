using System.Globalization;

namespace Pipeline.Cli;

/// <summary>Writes durations and moments for people.</summary>
internal static class Durations
{
    /// <summary>A rough duration, such as <c>40 s</c>, <c>4 min</c>, <c>3 h 20 min</c> or <c>2 days</c>.</summary>
    public static string Short(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => Text($"{Math.Max(1, Math.Round(time.TotalSeconds)):0} s"),
        { TotalHours: < 2 } => Text($"{Math.Round(time.TotalMinutes):0} min"),
        { TotalDays: < 2 } => Text($"{Math.Floor(time.TotalHours):0} h {time.Minutes} min"),
        _ => Text($"{Math.Round(time.TotalDays):0} days"),
    };

    /// <summary>A duration to the second, such as <c>1 h 4 min 9 s</c>.</summary>
    public static string Exact(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => Text($"{time.TotalSeconds:0.0} s"),
        { TotalHours: < 1 } => Text($"{time.Minutes} min {time.Seconds} s"),
        _ => Text($"{Math.Floor(time.TotalHours):0} h {time.Minutes} min {time.Seconds} s"),
    };

    /// <summary>A moment: <c>today 10:53 UTC</c>, <c>tomorrow 10:53 UTC</c>, or with its date.</summary>
    public static string Moment(DateTimeOffset at, DateTimeOffset now) =>
        (at.UtcDateTime.Date - now.UtcDateTime.Date).Days switch
        {
            0 => Text($"today {at.UtcDateTime:HH:mm} UTC"),
            1 => Text($"tomorrow {at.UtcDateTime:HH:mm} UTC"),
            _ => Text($"on {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC"),
        };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
