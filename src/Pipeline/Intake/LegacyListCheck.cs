using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>
/// Compares a list with the inputs already planned under its id, for ledger entries of older versions, which have no
/// content hash. A given id may come again with another list, whose URLs must not be dropped as "already planned".
/// Entries with a hash were compared by it before, and are skipped here.
/// </summary>
internal sealed class LegacyListCheck(ILedger ledger, ListEntry entry, ListInspection list)
{
    private readonly bool _isNeeded = entry.ContentHash is null && list.IsIdGiven;

    /// <summary>Compares a whole list whose planning is finished.</summary>
    /// <exception cref="PipelineException">Permanent: another list uses the id.</exception>
    public async Task CheckAsync(
        SubmissionPlanner planner, IAsyncEnumerable<ListItem> items, CancellationToken cancellationToken)
    {
        if (!_isNeeded)
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
    /// Compares a submission. After a crash the ledger may hold only some of its inputs; those must be the same.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: another list uses the id.</exception>
    public async Task CheckAsync(PlannedSubmission submission, CancellationToken cancellationToken)
    {
        if (!_isNeeded)
            return;
        foreach (var input in await ledger.GetInputsAsync(submission.Entry.SubmissionId, cancellationToken))
        {
            if (input.Ordinal >= submission.Inputs.Count || submission.Inputs[input.Ordinal].Id != input.Id)
                throw ListIds.Taken(list.ListId);
        }
    }

    /// <summary>Checks that the ledger has no submission after the last planned one.</summary>
    /// <exception cref="PipelineException">Permanent: it has one, so another, longer list uses the id.</exception>
    public async Task CheckEndAsync(SubmissionPlanner planner, CancellationToken cancellationToken)
    {
        if (
            _isNeeded
            && await ledger.GetSubmissionAsync(SubmissionIds.Of(list.ListId, planner.Submissions), cancellationToken)
                is not null)
            throw ListIds.Taken(list.ListId);
    }
}
