using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Fails an input for a failed task only if no other task of that input can still succeed, in whatever order they end.
/// </summary>
internal sealed partial class TaskFailures(
    ILedger ledger, NimbleClient nimble, OutcomeRecorder outcomes, ILogger<TaskFailures> logger)
{
    /// <summary>
    /// Whether a task's result may still become the record of an input: the input has no outcome, or it failed because
    /// of another task.
    /// </summary>
    public static bool MaySucceed(InputEntry input, string taskId) =>
        input.State == InputState.Waiting || (input.State == InputState.Failed && input.TaskId != taskId);

    /// <summary>
    /// Records that a task gives no record, and fails its input unless another of its tasks may succeed.
    /// </summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="input">The task's input. An existing outcome stays.</param>
    /// <param name="taskId">The failed task.</param>
    /// <param name="cause">Why the task gives no record.</param>
    /// <param name="discoveredBy">Who reported the task.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public async Task FailAsync(
        SubmissionEntry submission, InputEntry input, string taskId, FailureCause cause, DiscoveredBy discoveredBy,
        CancellationToken cancellationToken)
    {
        if (input.State == InputState.Waiting
            && await HasAnotherAsync(submission, input.Ordinal, taskId, cancellationToken))
            LogOther(input.Id, submission.SubmissionId, taskId, cause.Message);
        else
            await outcomes.FailAsync(submission, [input], cause, cancellationToken, taskId, discoveredBy);
    }

    /// <summary>The failure message for a failed task, with Nimble's reason.</summary>
    public static string MessageOf(NimbleTask task)
    {
        var reason = (task.Error ?? task.ErrorType ?? "Nimble gives no reason").TrimEnd('.');
        return $"Task {task.Id} ended as '{task.State}': {reason}.";
    }

    private async Task<bool> HasAnotherAsync(
        SubmissionEntry submission, int ordinal, string taskId, CancellationToken cancellationToken)
    {
        if ((await OthersAsync(submission, ordinal, taskId, cancellationToken)).Count == 0)
            return false;
        // Record the end of this task before checking the others: if two end at once, the second one sees both.
        await ledger.AddTasksAsync(submission.SubmissionId, [new(taskId, ordinal, IsOver: true)], cancellationToken);
        foreach (var other in await OthersAsync(submission, ordinal, taskId, cancellationToken))
        {
            var task = await nimble.GetTaskAsync(submission.SubmissionId, other.TaskId, cancellationToken);
            if (TaskStates.Classify(task?.State) != TaskOutcome.Failed)
                return true;
        }

        return false;
    }

    /// <summary>
    /// The other open tasks of an input. If there are more tasks than inputs, every task without a known input counts
    /// as one of them.
    /// </summary>
    private async Task<IReadOnlyList<TaskEntry>> OthersAsync(
        SubmissionEntry submission, int ordinal, string taskId, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var isSurplus = tasks.Count > submission.Count;
        return
        [
            .. tasks.Where(t => t.TaskId != taskId && !t.IsOver
                && (t.Ordinal == ordinal || (isSurplus && t.Ordinal is null))),
        ];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Task {TaskId} failed, but another task of input {InputId} of {SubmissionId} may succeed: {Reason}")]
    private partial void LogOther(string inputId, string submissionId, string taskId, string reason);
}
