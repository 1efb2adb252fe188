using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Notation;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Dashboard;

/// <summary>A list that the ledger has no entry of, and why. Pages and API say the same of it.</summary>
/// <param name="ListId">Its id.</param>
/// <param name="Sender">The schedule that has submitted it; null if it is not waiting to be read.</param>
/// <param name="IsErased">Whether it was erased.</param>
internal sealed record AbsentList(string ListId, ScheduleEntry? Sender, bool IsErased)
{
    /// <summary>Why there is no entry, in a sentence for people.</summary>
    public string Text =>
        IsErased ? $"List {ListId} was erased. Nothing of it is kept here."
        : Sender is { } sender
            ? $"Schedule {sender.Name} has submitted {DisplayText.Quote(sender.ListName)} as list {ListId}. Intake has "
                + "not read it yet. If that takes minutes, see what holds it up: pipeline status"
        : $"No list {DisplayText.Quote(ListId)} is known.";
}

/// <summary>Finds lists by ids that come from outside.</summary>
internal sealed class ListFinder(ILedger ledger, IScheduleLedger schedules)
{
    /// <summary>Finds a list; null if its id is none or it is unknown.</summary>
    public Task<ListEntry?> FindAsync(string listId, CancellationToken cancellationToken) =>
        SubmissionIds.IsWellFormed(listId)
            ? ledger.GetListAsync(listId, cancellationToken)
            : Task.FromResult<ListEntry?>(null);

    /// <summary>
    /// Says why <see cref="FindAsync"/> finds no list. A schedule only sends a message, so its list is unknown until
    /// Intake has read it.
    /// </summary>
    public async Task<AbsentList> ExplainAsync(string listId, CancellationToken cancellationToken)
    {
        if (!SubmissionIds.IsWellFormed(listId))
            return new(listId, null, false);
        if (await ledger.IsErasedAsync(listId, cancellationToken))
            return new(listId, null, true);
        var sender = (await schedules.GetSchedulesAsync(cancellationToken))
            .FirstOrDefault(stored => stored.Entry.LastListId == listId)?.Entry;
        return new(listId, sender, false);
    }
}
