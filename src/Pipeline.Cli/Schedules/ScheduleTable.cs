using System.Globalization;
using Pipeline.Model.Schedules;

namespace Pipeline.Cli.Schedules;

/// <summary>Schedules as lines, one each.</summary>
internal static class ScheduleTable
{
    private static readonly string[] Header = ["NAME", "CRON", "TIME ZONE", "NEXT RUN", "LAST LIST", "LIST"];

    /// <summary>The lines; none without a schedule.</summary>
    public static IEnumerable<string> Of(IEnumerable<ScheduleEntry> schedules)
    {
        IReadOnlyList<string>[] rows = [.. schedules.Select(RowOf)];
        return rows.Length == 0 ? [] : Columns.Align([Header, .. rows]);
    }

    /// <summary>A time, for people.</summary>
    public static string TimeOf(DateTimeOffset? time) =>
        time is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) : "never";

    private static string[] RowOf(ScheduleEntry schedule) =>
    [
        schedule.Name, schedule.Cron, schedule.TimeZone, schedule.IsPaused ? "paused" : TimeOf(schedule.NextAt),
        (schedule.LastListId ?? "") + (schedule.WasSkipped ? " (last run left out: it was open)" : ""),
        schedule.ListName,
    ];
}
