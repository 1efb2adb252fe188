using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Dashboard;

/// <summary>Finds lists by ids that come from outside.</summary>
internal sealed class ListFinder(ILedger ledger)
{
    /// <summary>Finds a list; null if its id is none or it is unknown.</summary>
    public Task<ListEntry?> FindAsync(string listId, CancellationToken cancellationToken) =>
        SubmissionIds.IsWellFormed(listId)
            ? ledger.GetListAsync(listId, cancellationToken)
            : Task.FromResult<ListEntry?>(null);
}
