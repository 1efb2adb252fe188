using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>
/// Compares a list with what was planned under its id before the ledger kept the hashes of lists: an id that somebody
/// chose may come again with another list, whose URLs must not vanish as "already planned". Where there is a hash, it
/// has been compared already.
/// </summary>
internal sealed class PlannedBefore(ILedger ledger, ListEntry entry, ListInspection list)
{
    private readonly bool _isOpen = entry.ContentHash is null && list.IsIdGiven;

    /// <summary>Compares a whole list that is past planning.</summary>
    /// <exception cref="PipelineException">Permanent: it is another list.</exception>
    public async Task CheckAsync(
        SubmissionPlanner planner,
        IAsyncEnumerable<ListItem> items,
        CancellationToken cancellationToken
    )
    {
        if (!_isOpen)
            return;
        if (entry.Inputs + entry.Duplicates != list.Inputs || entry.Invalid != list.Invalid)
            throw ListIds.Taken(list.ListId);
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            if (planner.Add(item) is { } submission)
                await CheckAsync(submission, cancellationToken);
        }
        foreach (var submission in planner.Finish())
            await CheckAsync(submission, cancellationToken);
    }

    /// <summary>
    /// Compares a submission. A crash may have left some of its inputs; those must still be the same ones.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: it is another list's.</exception>
    public async Task CheckAsync(PlannedSubmission submission, CancellationToken cancellationToken)
    {
        if (!_isOpen)
            return;
        foreach (var input in await ledger.GetInputsAsync(submission.Entry.SubmissionId, cancellationToken))
        {
            if (input.Ordinal >= submission.Inputs.Count || submission.Inputs[input.Ordinal].Id != input.Id)
                throw ListIds.Taken(list.ListId);
        }
    }

    /// <summary>Checks that nothing is there behind the last submission.</summary>
    /// <exception cref="PipelineException">Permanent: there is, of a longer list.</exception>
    public async Task CheckEndAsync(SubmissionPlanner planner, CancellationToken cancellationToken)
    {
        if (
            _isOpen
            && await ledger.GetSubmissionAsync(SubmissionIds.Of(list.ListId, planner.Submissions), cancellationToken)
                is not null
        )
            throw ListIds.Taken(list.ListId);
    }
}
