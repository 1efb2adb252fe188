using Pipeline.Intake.Sending;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Intake;

/// <summary>
/// Creates the list's ledger entry, makes sure that no other list uses its id, and keeps the message that brought the
/// list.
/// </summary>
internal sealed class ListRegistration(ILedger ledger, IListOrigins origins, TimeProvider time)
{
    /// <summary>Keeps the message that brought a list, so that the list can be fetched again.</summary>
    public Task KeepOriginAsync(string listId, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        origins.PutOriginAsync(listId, message, cancellationToken);

    /// <summary>
    /// Returns the list with the id under which it is accepted: a different one if a list of its id was erased.
    /// </summary>
    public async Task<ListInspection> NameAsync(ListInspection list, CancellationToken cancellationToken) =>
        list with
        {
            ListId = await new NextRun(ledger).FindAcceptableAsync(list.ListId, list.ContentHash, cancellationToken),
        };

    /// <summary>Returns the list's entry: a new one, or the one from an earlier delivery of the same list.</summary>
    /// <param name="list">The list.</param>
    /// <param name="source">Display name of the list's source.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>The entry. Its state is never Refused.</returns>
    /// <exception cref="PipelineException">Permanent: another list uses the id.</exception>
    public async Task<ListEntry> AcceptAsync(ListInspection list, string source, CancellationToken cancellationToken)
    {
        var planning = new ListEntry
        {
            ListId = list.ListId,
            State = ListState.Planning,
            Source = source,
            CreatedAt = time.GetUtcNow(),
            ContentHash = list.ContentHash,
            Series = list.Series?.Name,
        };
        var entry = await ledger.CreateListAsync(planning, cancellationToken);
        // Try a refused list again: the setting, store fault or mistake behind the refusal may be fixed.
        while (entry.State == ListState.Refused && await IsFreeAsync(entry, list, cancellationToken))
        {
            entry = await ledger.UpdateListAsync(planning with { Version = entry.Version }, cancellationToken)
                ?? (await ledger.GetListAsync(list.ListId, cancellationToken))!;
        }
        return IsSame(entry, list) && entry.State != ListState.Refused ? entry : throw ListIds.Taken(list.ListId);
    }

    /// <summary>Time since a list was accepted.</summary>
    public TimeSpan AgeOf(ListEntry list) => time.GetUtcNow() - list.CreatedAt;

    // Entries of older versions have no hash. LegacyListCheck compares their planned inputs instead.
    private static bool IsSame(ListEntry entry, ListInspection list) =>
        entry.ContentHash is null || entry.ContentHash == list.ContentHash;

    private async Task<bool> IsFreeAsync(ListEntry entry, ListInspection list, CancellationToken cancellationToken) =>
        IsSame(entry, list)
        || await ledger.GetSubmissionAsync(SubmissionIds.Of(entry.ListId, 0), cancellationToken) is null;
}
