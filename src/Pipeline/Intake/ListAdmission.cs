using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>Gives a list its entry in the ledger, and its id to nobody else.</summary>
internal sealed class ListAdmission(ILedger ledger, TimeProvider time)
{
    /// <summary>The list's entry: made now, or before by whoever sent the list, or when it came first.</summary>
    /// <param name="list">The list.</param>
    /// <param name="source">What it was read from, for people.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>The entry; it is not in state Refused.</returns>
    /// <exception cref="PipelineException">Permanent: another list has the id.</exception>
    public async Task<ListEntry> AcceptAsync(ListInspection list, string source, CancellationToken cancellationToken)
    {
        var planning = new ListEntry
        {
            ListId = list.ListId,
            State = ListState.Planning,
            Source = source,
            CreatedAt = time.GetUtcNow(),
            ContentHash = list.ContentHash,
        };
        var entry = await ledger.CreateListAsync(planning, cancellationToken);
        // What refused it may be gone: a setting, a fault of the store, or a mistake in the list.
        while (entry.State == ListState.Refused && await IsFreeAsync(entry, list, cancellationToken))
        {
            entry = await ledger.UpdateListAsync(planning with { Version = entry.Version }, cancellationToken)
                ?? (await ledger.GetListAsync(list.ListId, cancellationToken))!;
        }
        return IsSame(entry, list) && entry.State != ListState.Refused ? entry : throw ListIds.Taken(list.ListId);
    }

    // Entries of older versions have no hash; Intake compares what was planned for them.
    private static bool IsSame(ListEntry entry, ListInspection list) =>
        entry.ContentHash is null || entry.ContentHash == list.ContentHash;

    private async Task<bool> IsFreeAsync(ListEntry entry, ListInspection list, CancellationToken cancellationToken) =>
        IsSame(entry, list)
        || await ledger.GetSubmissionAsync(SubmissionIds.Of(entry.ListId, 0), cancellationToken) is null;
}
