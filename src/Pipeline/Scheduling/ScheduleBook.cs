using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Notation;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Scheduling;

/// <summary>Adds and changes schedules for people.</summary>
/// <remarks>
/// Methods throw a permanent <see cref="PipelineException"/> for a schedule that does not exist or cannot be used.
/// </remarks>
internal sealed class ScheduleBook(IScheduleLedger schedules, TimeProvider time)
{
    // The ids of its lists add a time of up to 16 characters, and must be valid.
    private const int MaxName = 40;

    /// <summary>Checks name, expression and time zone.</summary>
    public void Check(ScheduleEntry schedule)
    {
        if (!ListIds.IsValid(schedule.Name) || schedule.Name.Length > MaxName)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The schedule's name is {DisplayText.Quote(schedule.Name)}. Use 1 to {MaxName} "
                    + "letters, digits, '-' and '_'.");
        if (GivenName.FaultOf(schedule.Name, "the name of a schedule") is { } fault)
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, fault);
        if (NextOf(schedule) is null)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The cron expression is {DisplayText.Quote(schedule.Cron)}, and no such time will come. Correct day "
                    + "and month, such as \"0 6 28 2 *\" for the 28th of February at six.");
    }

    /// <summary>Adds a schedule, or replaces the one of its name; returns it with its next run.</summary>
    public async Task<ScheduleEntry> AddAsync(ScheduleEntry schedule, CancellationToken cancellationToken)
    {
        Check(schedule);
        var before = (await schedules.GetSchedulesAsync(cancellationToken))
            .FirstOrDefault(stored => stored.Entry.Name == schedule.Name)?.Entry;
        // The previous run's list may still be open.
        var added = schedule with
        {
            NextAt = NextOf(schedule),
            LastAt = before?.LastAt,
            LastListId = before?.LastListId,
        };
        await schedules.PutScheduleAsync(added, cancellationToken);
        return added;
    }

    /// <summary>Returns a schedule.</summary>
    public async Task<StoredSchedule> GetAsync(string name, CancellationToken cancellationToken)
    {
        var all = await schedules.GetSchedulesAsync(cancellationToken);
        return all.FirstOrDefault(stored => stored.Entry.Name == name) ?? throw Missing(name);
    }

    /// <summary>Pauses or resumes a schedule.</summary>
    public async Task<ScheduleEntry> PauseAsync(string name, bool isPaused, CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await GetAsync(name, cancellationToken);
            var changed = stored.Entry with { IsPaused = isPaused, NextAt = NextOf(stored.Entry) };
            if (await schedules.UpdateScheduleAsync(stored with { Entry = changed }, cancellationToken))
                return changed;
        }
    }

    /// <summary>Removes a schedule.</summary>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (!await schedules.RemoveScheduleAsync(name, cancellationToken))
            throw Missing(name);
    }

    private DateTimeOffset? NextOf(ScheduleEntry schedule) =>
        CronTimes.Next(schedule.Cron, schedule.TimeZone, time.GetUtcNow());

    private static PipelineException Missing(string name) => PipelineException.Permanent(
        FailureReasons.InvalidConfiguration,
        $"There is no schedule {DisplayText.Quote(name)}. 'pipeline schedule list' lists them.");
}
