using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Searches the API's own list for tasks of an accepted submission that neither the POST's answer nor the batch names.
/// If results are not delivered to a bucket, there is no other source for them.
/// </summary>
internal sealed partial class UnnamedTasks(
    ILedger ledger, ApiLists lists, FinishedTasks finished, ILogger<UnnamedTasks> logger)
{
    /// <summary>Finds such tasks, queues the good ones and fails the inputs of the bad ones.</summary>
    /// <returns>Whether there are any.</returns>
    /// <inheritdoc cref="FindAsync"/>
    public async Task<bool> SendAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var found = await FindAsync(submission, inputs, cancellationToken);
        if (found.Count == 0)
            return false;
        LogFound(submission.SubmissionId, found.Count);
        await finished.SendAsync(submission, inputs, found, cancellationToken);
        return true;
    }

    /// <summary>Finds tasks that the ledger does not know, for inputs that wait and have none.</summary>
    /// <param name="submission">A submission that was accepted.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>
    /// Tasks that are proven to be the submission's. A task without an owner is not among them, because another
    /// submission may have the same URL.
    /// </returns>
    /// <exception cref="PipelineException">
    /// The list shows none of them and is not known to be complete, so it proves no absence; or the API does not
    /// answer.
    /// </exception>
    public async Task<IReadOnlyList<NimbleTask>> FindAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var rows = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var matched = rows.Select(t => t.Ordinal).OfType<int>().ToHashSet();
        var missing = inputs.Count(i => i.State == InputState.Waiting && !matched.Contains(i.Ordinal));
        if (missing == 0)
            return [];
        var found = new List<NimbleTask>();
        var end = new ListEnd("tasks");
        var known = rows.Select(t => t.TaskId).ToHashSet(StringComparer.Ordinal);
        var matcher = new TaskMatcher(submission, inputs);
        await foreach (var entry in lists.ReadTasksAsync(submission, matcher, known, end, cancellationToken))
        {
            if (entry.Evidence.Proof != PostProof.None && known.Add(entry.Tasks[0].Id))
                found.Add(entry.Tasks[0]);
            if (found.Count == missing)
                return found;
        }

        // If there are as many tasks as inputs, the remaining tasks cannot be distinguished, and no list can help.
        return found.Count > 0 || end.Doubt is null || rows.Count >= submission.Count
            ? found
            : throw PipelineException.Transient(FailureReasons.Unavailable,
                $"Nimble names no task for {missing} of {Amount.Of(submission.Count, "input")}, "
                    + $"and {end.Doubt}. They wait.");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The API's list has tasks of submission {SubmissionId} that its batch does not name. "
            + "Collecting them: {Tasks}.")]
    private partial void LogFound(string submissionId, int tasks);
}
