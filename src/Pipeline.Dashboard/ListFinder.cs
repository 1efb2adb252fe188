using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Dashboard;

/// <summary>Finds lists by ids that come from outside.</summary>
internal sealed class ListFinder(ILedger ledger, IScheduleLedger schedules)
{
    /// <summary>Finds a list; null if its id is none or it is unknown.</summary>
    public Task<ListEntry?> FindAsync(string listId, CancellationToken cancellationToken) =>
        SubmissionIds.IsWellFormed(listId)
            ? ledger.GetListAsync(listId, cancellationToken)
            : Task.FromResult<ListEntry?>(null);

    /// <summary>
    /// Finds the schedule whose last list this is; null if it is of none. A schedule only sends a message, so its list
    /// is unknown until Intake has read it.
    /// </summary>
    public async Task<ScheduleEntry?> FindScheduleAsync(string listId, CancellationToken cancellationToken) =>
        (await schedules.GetSchedulesAsync(cancellationToken))
            .FirstOrDefault(stored => stored.Entry.LastListId == listId)?.Entry;
}
