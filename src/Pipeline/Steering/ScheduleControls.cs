using Pipeline.Intake.Sending;
using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Ports.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Steering;

/// <summary>
/// Adds, pauses, resumes, runs and removes schedules on an operator's request, and logs who asked.
/// </summary>
/// <remarks>
/// Methods throw a permanent <see cref="PipelineException"/> for a schedule that does not exist or cannot be used.
/// </remarks>
internal sealed class ScheduleControls(
    ScheduleBook book, ScheduleRunner runner, ListSender sender, IEventLog events, TimeProvider time)
{
    /// <summary>Adds a schedule, or replaces the one of its name, with a copy of its list.</summary>
    /// <param name="schedule">
    /// The schedule. The address of its list and the list's own fields come from the list.
    /// </param>
    /// <param name="list">The list.</param>
    /// <param name="folder">Folder where the lists of schedules are kept.</param>
    /// <param name="who">Who asked, for the log of events.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>The schedule with its next run.</returns>
    public async Task<ScheduleEntry> AddAsync(
        ScheduleEntry schedule, CheckedList list, ObjectUri folder, string who, CancellationToken cancellationToken)
    {
        book.Check(schedule);
        var (offer, label) = (list.List, list.List.Label);
        var kept = offer.Pointer ?? await sender.KeepAsync(offer, schedule.Name, folder, cancellationToken);
        var series = label.Series.Or(kept.Series);
        var added = await book.AddAsync(
            schedule with
            {
                Source = kept.Source, ListName = label.Name, UrlColumn = kept.UrlColumn,
                SharedInputs = kept.SharedInputs, Series = series.Name, OnlyNew = series.OnlyNew,
                MaxAge = series.MaxAge,
            },
            cancellationToken);
        await LogAsync(
            null, who, $"Schedule {added.Name} set: {label.Name} at {added.Cron} ({added.TimeZone}).",
            cancellationToken);
        return added;
    }

    /// <summary>Pauses or resumes a schedule.</summary>
    /// <returns>The schedule afterwards.</returns>
    public async Task<ScheduleEntry> PauseAsync(
        string name, bool isPaused, string who, CancellationToken cancellationToken)
    {
        var changed = await book.PauseAsync(name, isPaused, cancellationToken);
        await LogAsync(null, who, $"Schedule {name} {(isPaused ? "paused" : "resumed")}.", cancellationToken);
        return changed;
    }

    /// <summary>Submits the list of a schedule now.</summary>
    /// <returns>The id of the list.</returns>
    public Task<string> RunAsync(string name, string who, CancellationToken cancellationToken) =>
        RunAsync(name, time.GetUtcNow(), who, cancellationToken);

    /// <summary>Submits the list as requested at a time. Repeating the request submits one list.</summary>
    /// <returns>The id of the list.</returns>
    public async Task<string> RunAsync(
        string name, DateTimeOffset askedAt, string who, CancellationToken cancellationToken)
    {
        var listId = await runner.RunAsync(await book.GetAsync(name, cancellationToken), askedAt, cancellationToken);
        await LogAsync(listId, who, $"Schedule {name} run at once.", cancellationToken);
        return listId;
    }

    /// <summary>Removes a schedule. Its lists stay.</summary>
    public async Task RemoveAsync(string name, string who, CancellationToken cancellationToken)
    {
        await book.RemoveAsync(name, cancellationToken);
        await LogAsync(null, who, $"Schedule {name} removed.", cancellationToken);
    }

    private Task LogAsync(string? listId, string who, string text, CancellationToken cancellationToken) =>
        events.AddEventAsync(new(time.GetUtcNow(), EventKinds.Scheduled, listId, who, text), cancellationToken);
}
