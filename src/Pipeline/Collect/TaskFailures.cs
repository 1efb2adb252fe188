using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>Fails an input for a task only when no other task of that input can succeed any more, in whatever order they are heard of.</summary>
internal sealed partial class TaskFailures(ILedger ledger, NimbleClient nimble, OutcomeRecorder outcomes, ILogger<TaskFailures> logger)
{
    /// <summary>Whether a task's result may still become the record of an input: it waits, or it failed for another task.</summary>
    public static bool MaySucceed(InputEntry input, string taskId) =>
        input.State == InputState.Waiting || (input.State == InputState.Failed && input.TaskId != taskId);

    /// <summary>Notes that a task brings no record, and fails its input unless another task of it may bring one.</summary>
    /// <param name="submission">Accepted.</param>
    /// <param name="input">The task's input; what has an outcome keeps it.</param>
    /// <param name="taskId">The task.</param>
    /// <param name="cause">Why it brings none.</param>
    /// <param name="discoveredBy">How that was learnt of.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    public async Task FailAsync(
        SubmissionEntry submission, InputEntry input, string taskId, FailureCause cause, DiscoveredBy discoveredBy, CancellationToken cancellationToken)
    {
        if (input.State == InputState.Waiting && await HasAnotherAsync(submission, input.Ordinal, taskId, cancellationToken))
            LogOther(input.Id, submission.SubmissionId, taskId, cause.Message);
        else
            await outcomes.FailAsync(submission, [input], cause, cancellationToken, taskId, discoveredBy);
    }

    private async Task<bool> HasAnotherAsync(SubmissionEntry submission, int ordinal, string taskId, CancellationToken cancellationToken)
    {
        if ((await OthersAsync(submission, ordinal, taskId, cancellationToken)).Count == 0)
            return false;
        // Its end is written before the others are looked at: of two that end at once, the second sees both.
        await ledger.AddTasksAsync(submission.SubmissionId, [new(taskId, ordinal, IsOver: true)], cancellationToken);
        foreach (var other in await OthersAsync(submission, ordinal, taskId, cancellationToken))
            if (TaskStates.Classify((await nimble.GetTaskAsync(other.TaskId, cancellationToken))?.State) != TaskOutcome.Failed)
                return true;
        return false;
    }

    /// <summary>The other tasks of an input that are not over. Where there are more tasks than inputs, one whose input is not known may be its own.</summary>
    private async Task<IReadOnlyList<TaskEntry>> OthersAsync(
        SubmissionEntry submission, int ordinal, string taskId, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var isSurplus = tasks.Count > submission.Count;
        return [.. tasks.Where(t => t.TaskId != taskId && !t.IsOver && (t.Ordinal == ordinal || (isSurplus && t.Ordinal is null)))];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Task {TaskId} brings no record for input {InputId} of submission {SubmissionId}, but another task of it may: {Reason}")]
    private partial void LogOther(string inputId, string submissionId, string taskId, string reason);
}
