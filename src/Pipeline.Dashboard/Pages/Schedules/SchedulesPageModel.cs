using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;
using Pipeline.Model.Schedules;

namespace Pipeline.Dashboard.Pages.Schedules;

/// <summary>All schedules, and the form that adds one.</summary>
/// <param name="Schedules">The schedules, by name.</param>
/// <param name="LastLists">The lists of their last runs that Intake has read, by id.</param>
/// <param name="Form">What the form holds; null for an empty one.</param>
/// <param name="Problem">Why what was sent cannot be used; null for nothing.</param>
internal sealed record SchedulesPageModel(
    IReadOnlyList<ScheduleEntry> Schedules, IReadOnlyDictionary<string, ListEntry> LastLists, IFormCollection? Form,
    string? Problem)
{
    /// <summary>The text of a field.</summary>
    public string Field(string name, string standard = "") => Form is null ? standard : Form[name].ToString();

    /// <summary>How far away a run is, and when that is in the time zone of its schedule.</summary>
    public static string Describe(DateTimeOffset run, string timeZone, DateTimeOffset now)
    {
        var away = run > now ? $"in {Show.Age(run - now)}" : $"overdue by {Show.Age(now - run)}";
        return timeZone != "UTC" && TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone)
            ? $"{TimeZoneInfo.ConvertTime(run, zone):yyyy-MM-dd HH:mm} {zone.Id}, {away}"
            : away;
    }
}
