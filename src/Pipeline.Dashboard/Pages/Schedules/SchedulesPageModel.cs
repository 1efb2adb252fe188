using Microsoft.AspNetCore.Http;
using Pipeline.Model.Schedules;

namespace Pipeline.Dashboard.Pages.Schedules;

/// <summary>All schedules, and the form that adds one.</summary>
/// <param name="Schedules">The schedules, by name.</param>
/// <param name="Form">What the form holds; null for an empty one.</param>
/// <param name="Problem">Why what was sent cannot be used; null for nothing.</param>
internal sealed record SchedulesPageModel(
    IReadOnlyList<ScheduleEntry> Schedules, IFormCollection? Form, string? Problem)
{
    /// <summary>The text of a field.</summary>
    public string Field(string name, string standard = "") => Form is null ? standard : Form[name].ToString();
}
