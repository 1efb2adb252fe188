using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Sets the outcome of one task's input, if the task belongs to the submission. It chooses between tasks that are known
/// to belong there and tasks that only their object can assign.
/// </summary>
internal sealed partial class TaskCollector(
    ILedger ledger,
    TaskEvidence evidence,
    OutcomeRecorder outcomes,
    KnownResults known,
    UnnamedResults unnamed,
    ILogger<TaskCollector> logger)
{
    /// <summary>Collects the result of one task, or postpones it.</summary>
    /// <param name="submission">An accepted or closed submission; it may be slightly out of date.</param>
    /// <param name="message">A message that names one task.</param>
    /// <param name="cancellationToken">Cancels the collection.</param>
    public async Task CollectAsync(
        SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        if (await evidence.FindAsync(submission, message.TaskId, cancellationToken) is not { } claim)
        {
            LogForeign(message.TaskId, message.SubmissionId);
            return;
        }

        await (claim.Task is { } task
            ? CollectKnownAsync(submission, task, message, cancellationToken)
            : unnamed.CollectAsync(submission, message, claim.Problem, cancellationToken));
    }

    private async Task CollectKnownAsync(
        SubmissionEntry submission, TaskEntry task, ResultMessage message, CancellationToken cancellationToken)
    {
        // A hint for a closed submission is usually a repeated webhook, rarely work that a killed worker left
        // unfinished.
        if (submission.State == SubmissionState.Closed && task.Ordinal is null)
            return;
        var input = task.Ordinal is { } ordinal
            ? await ledger.GetInputAsync(submission.SubmissionId, ordinal, cancellationToken)
            : null;
        var isRecorded = input is { State: InputState.Failed }
            && await outcomes.RecoverAsync(submission, input, message.TaskId, message.DiscoveredBy, cancellationToken);
        if (!isRecorded && (input is null || TaskFailures.MaySucceed(input, message.TaskId)))
            await known.CollectAsync(submission, input, message, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Dropped a hint: task {TaskId} does not belong to submission {SubmissionId}.")]
    private partial void LogForeign(string taskId, string submissionId);
}
