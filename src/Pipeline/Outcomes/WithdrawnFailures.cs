using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>Takes back failures that are no longer the outcome of their inputs.</summary>
internal sealed class WithdrawnFailures(IRecordStore store, InputUpdates updates)
{
    /// <summary>
    /// Takes back the failures of inputs, which then wait for another outcome, and returns the updated inputs. Deletes
    /// the stored failures first, because nothing refers to the failure of an input that waits.
    /// </summary>
    public async Task<IReadOnlyList<InputEntry>> TakeBackAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await store.RemoveFailuresAsync(
            submission.ListId, [.. inputs.Where(i => i.State == InputState.Failed).Select(i => i.Id)],
            cancellationToken);
        var waiting = new InputChange(i => i.State != InputState.Failed ? null : i with
        {
            State = InputState.Waiting,
            TaskId = null,
            DiscoveredBy = DiscoveredBy.None,
            HttpStatus = null,
            Reason = null,
            Failure = null,
            FinishedAt = null,
        });
        return await updates.ApplyAsync(submission, inputs, waiting, cancellationToken);
    }

    /// <summary>Removes the failures of the earlier submissions that inputs moved from.</summary>
    public Task RemoveEarlierAsync(
        SubmissionEntry submission, IEnumerable<string> ids, CancellationToken cancellationToken) =>
        submission.RepeatOf is null
            ? Task.CompletedTask
            : store.RemoveFailuresAsync(submission.ListId, [.. ids], cancellationToken);
}
