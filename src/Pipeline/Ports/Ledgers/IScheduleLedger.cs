using Pipeline.Model;
using Pipeline.Model.Schedules;

namespace Pipeline.Ports.Ledgers;

/// <summary>A schedule as it was read.</summary>
/// <param name="Entry">The schedule.</param>
/// <param name="Version">The version that an update must still find.</param>
internal sealed record StoredSchedule(ScheduleEntry Entry, string Version);

/// <summary>The schedules of a ledger; there are few.</summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IScheduleLedger
{
    /// <summary>Returns all schedules, by name.</summary>
    Task<IReadOnlyList<StoredSchedule>> GetSchedulesAsync(CancellationToken cancellationToken);

    /// <summary>Adds a schedule, or replaces the one of its name.</summary>
    Task PutScheduleAsync(ScheduleEntry schedule, CancellationToken cancellationToken);

    /// <summary>Writes a schedule if its version is current; returns whether it was.</summary>
    Task<bool> UpdateScheduleAsync(StoredSchedule schedule, CancellationToken cancellationToken);

    /// <summary>Removes a schedule; returns whether there was one.</summary>
    Task<bool> RemoveScheduleAsync(string name, CancellationToken cancellationToken);
}
