using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>Whether a task belongs to a submission.</summary>
/// <param name="Task">The task's ledger row; null if only the task's object can prove it.</param>
/// <param name="Problem">Why the API did not answer; null if it did.</param>
internal sealed record TaskClaim(TaskEntry? Task, PipelineException? Problem = null);

/// <summary>
/// Decides whether a task that the ledger does not have belongs to a submission: the API assigns it to its batch.
/// If the API does not answer, or fewer tasks than inputs are known, an object under an unguessable prefix is enough.
/// </summary>
internal sealed class TaskEvidence(ILedger ledger, NimbleClient nimble)
{
    /// <summary>Looks up a task that the ledger does not have.</summary>
    /// <param name="submission">An accepted or closed submission.</param>
    /// <param name="taskId">A well-formed task id.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <returns>Null if the task does not belong to the submission.</returns>
    /// <exception cref="PipelineException">
    /// Transient: the API does not answer, and the prefix is guessable and proves nothing.
    /// </exception>
    public async Task<TaskClaim?> FindAsync(
        SubmissionEntry submission, string taskId, CancellationToken cancellationToken)
    {
        if (submission.State == SubmissionState.Closed)
            return null;
        var provesByObject = DeliveryPrefix.IsUnguessable(submission);
        try
        {
            var task = await nimble.GetTaskAsync(submission.SubmissionId, taskId, cancellationToken);
            var tasks = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).Count;
            if (task?.BatchId is { } batchId && submission.BatchId is { } own)
                return batchId == own && tasks < TaskMatcher.MostTasks(submission.Count)
                    ? new(await AddAsync(submission, new(taskId, Ordinal: null), cancellationToken))
                    : null;
            return provesByObject && tasks < submission.Count ? new(Task: null) : null;
        }
        catch (PipelineException silent) when (provesByObject && silent is { IsPermanent: false, IsStoreFault: false })
        {
            return new(Task: null, silent);
        }
    }

    /// <summary>Records in the ledger that a task belongs to the submission.</summary>
    public async Task<TaskEntry> AddAsync(
        SubmissionEntry submission, TaskEntry task, CancellationToken cancellationToken)
    {
        await ledger.AddTasksAsync(submission.SubmissionId, [task], cancellationToken);
        return task;
    }
}
