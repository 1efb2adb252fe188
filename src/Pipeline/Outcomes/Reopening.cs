using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>Has what is closed counted anew, because an input of it has another outcome, or none any more.</summary>
internal sealed class Reopening(ILedger ledger, TimeProvider time)
{
    /// <summary>
    /// Opens a closed submission again, and its list with it. One that is not closed yet is looked at then; whoever is
    /// about to close it, by inputs that he read before, is refused by its version.
    /// </summary>
    /// <param name="submissionId">The submission.</param>
    /// <param name="dueIn">When Sweep is to look at it.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>The submission as it is then; null where there is none.</returns>
    public async Task<SubmissionEntry?> ReopenAsync(
        string submissionId, TimeSpan dueIn, CancellationToken cancellationToken)
    {
        SubmissionEntry? opened = null;
        while (opened is null && await ledger.GetSubmissionAsync(submissionId, cancellationToken) is { } submission)
            opened = await ledger.UpdateSubmissionAsync(
                submission.Reopen(time.GetUtcNow(), time.GetUtcNow() + dueIn), cancellationToken);
        if (opened is not null)
            await ReopenListAsync(opened.ListId, cancellationToken);
        return opened;
    }

    /// <summary>Has the manifest of a closed list written anew once all of its submissions are closed.</summary>
    public async Task ReopenListAsync(string listId, CancellationToken cancellationToken)
    {
        while (await ledger.GetListAsync(listId, cancellationToken) is { State: ListState.Closed } list)
            if (await ledger.UpdateListAsync(list with { State = ListState.Open, ClosedAt = null }, cancellationToken)
                is not null)
                return;
    }
}
