using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>
/// Reopens closed submissions and lists when the outcome of one of their inputs changes, so that they are counted
/// again.
/// </summary>
internal sealed class Reopening(ILedger ledger, TimeProvider time)
{
    /// <summary>
    /// Reopens a closed submission and its list. If the submission is not closed yet, sets its next check. The change
    /// gives the submission a new version, so a worker that is about to close it with old inputs fails.
    /// </summary>
    /// <param name="submissionId">The submission.</param>
    /// <param name="dueIn">Time until Sweep's next check.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>The changed submission; null if it does not exist.</returns>
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

    /// <summary>Reopens a closed list. Its manifest is written again once all of its submissions are closed.</summary>
    public async Task ReopenListAsync(string listId, CancellationToken cancellationToken)
    {
        while (await ledger.GetListAsync(listId, cancellationToken) is { State: ListState.Closed } list)
            if (await ledger.UpdateListAsync(list with { State = ListState.Open, ClosedAt = null }, cancellationToken)
                is not null)
                return;
    }
}
