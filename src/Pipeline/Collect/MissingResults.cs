using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Decides about a task whose result is neither in the bucket nor at the API: the task may not have ended yet, or may
/// have failed.
/// </summary>
internal sealed class MissingResults(
    ILedger ledger, NimbleClient nimble, InputFinder inputs, ResultRecorder recorder, Postponement postponement)
{
    /// <summary>Asks the API about the task, then waits, or fails the task's input.</summary>
    /// <param name="submission">An accepted or closed submission.</param>
    /// <param name="input">The task's input; null if it is not known yet.</param>
    /// <param name="message">A message that names the task.</param>
    /// <param name="isLate">Whether the object's deadline has passed.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public async Task HandleAsync(
        SubmissionEntry submission,
        InputEntry? input,
        ResultMessage message,
        bool isLate,
        CancellationToken cancellationToken)
    {
        var task = await nimble.GetTaskAsync(submission.SubmissionId, message.TaskId, cancellationToken);
        var outcome = TaskStates.Classify(task?.State);
        if (task is not null && outcome != TaskOutcome.Pending)
            input ??= await inputs.FindAsync(submission, message.TaskId, result: null, task, cancellationToken);
        if (task is not null && outcome == TaskOutcome.Failed)
            await TaskFailedAsync(submission, input, message, task, cancellationToken);
        else if (!isLate && outcome == TaskOutcome.Succeeded)
            await postponement.PostponeAsync(message, NotThereYet(submission, message.TaskId), cancellationToken);
        else if (!isLate)
            await postponement.PostponeAsync(message, cancellationToken);
        else if (task is null || outcome == TaskOutcome.Succeeded)
            await recorder.FailAsync(
                submission, input, message, Missing(submission, message.TaskId, task), cancellationToken);
    }

    private static FailureCause Missing(SubmissionEntry submission, string taskId, NimbleTask? task)
    {
        var end = task is null ? $"Nimble no longer knows task {taskId}, and" : $"Task {taskId} succeeded, but";
        var places = submission.StorageUrl is { } url
            ? $"neither at {url} nor at the API. Check that Nimble may write to the bucket."
            : "not at the API.";
        return new(
            "collect",
            FailureReasons.ObjectMissing,
            $"{end} its result is {places} 'pipeline replay' looks again; "
                + "'pipeline replay --resubmit' posts the URL again.");
    }

    private static PipelineException NotThereYet(SubmissionEntry submission, string taskId) =>
        PipelineException.Transient(
        FailureReasons.ObjectMissing,
        $"Task {taskId} succeeded, but its result is not at {submission.StorageUrl ?? "the API"} yet.");

    /// <summary>
    /// Fails the input of a failed task. If the batch has more tasks than inputs, another task may be a second attempt
    /// at the same input; Sweep then decides once all have ended.
    /// </summary>
    private async Task TaskFailedAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, NimbleTask task,
        CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        if (tasks.Count <= submission.Count)
            await recorder.FailAsync(
                submission,
                input,
                message,
                new("collect", FailureReasons.TaskFailed, TaskFailures.MessageOf(task)),
                cancellationToken);
    }
}
