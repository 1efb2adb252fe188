
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>What is known of whether a task belongs to a submission.</summary>
/// <param name="Task">The task's row; null while only its object can tell.</param>
/// <param name="Problem">Why the API could not say; null where it answered.</param>
internal sealed record TaskClaim(TaskEntry? Task, PipelineException? Problem = null);

/// <summary>
/// Decides whether a task belongs to a submission: the ledger knows it, or the API says so. Where the API cannot say, or names
/// fewer tasks than the submission has inputs, an object under an unguessable prefix is evidence enough.
/// </summary>
internal sealed class TaskEvidence(ILedger ledger, NimbleClient nimble)
{
    /// <summary>Judges a task.</summary>
    /// <param name="submission">Accepted, or closed since.</param>
    /// <param name="taskId">Well-formed.</param>
    /// <param name="cancellationToken">Stops the looking.</param>
    /// <returns>Null for a task that is not the submission's.</returns>
    /// <exception cref="PipelineException">Transient: the API cannot say, and the prefix proves nothing.</exception>
    public async Task<TaskClaim?> FindAsync(SubmissionEntry submission, string taskId, CancellationToken cancellationToken)
    {
        if (await ledger.GetTaskAsync(submission.SubmissionId, taskId, cancellationToken) is { } known)
            return new(known);
        if (submission.State == SubmissionState.Closed)
            return null;
        var provesByObject = DeliveryPrefix.IsUnguessable(submission);
        try
        {
            var task = await nimble.GetTaskAsync(taskId, cancellationToken);
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

    /// <summary>Notes that a task is the submission's.</summary>
    public async Task<TaskEntry> AddAsync(SubmissionEntry submission, TaskEntry task, CancellationToken cancellationToken)
    {
        await ledger.AddTasksAsync(submission.SubmissionId, [task], cancellationToken);
        return task;
    }
}
