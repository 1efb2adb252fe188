using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Outcomes;

namespace Pipeline.Collect;

/// <summary>
/// Collects the result of one task, if the task belongs to the submission. It chooses between tasks that are known to
/// belong there and tasks that only their object can assign.
/// </summary>
internal sealed partial class TaskCollector(
    TaskEvidence evidence,
    OutcomeRecorder outcomes,
    KnownResults known,
    UnnamedResults unnamed,
    ILogger<TaskCollector> logger)
{
    /// <summary>Collects the result of one task, or postpones it.</summary>
    /// <param name="submission">An accepted or closed submission; it may be slightly out of date.</param>
    /// <param name="message">A message that names one task.</param>
    /// <param name="row">The task and its input in the ledger; null if the submission has no such task.</param>
    /// <param name="cancellationToken">Cancels the collection.</param>
    /// <returns>The record, to be stored and disposed; null if there is none to store.</returns>
    public async Task<CollectedRecord?> CollectAsync(
        SubmissionEntry submission, ResultMessage message, TaskInput? row, CancellationToken cancellationToken)
    {
        if (row is not null)
            return await CollectKnownAsync(submission, row.Input, message, cancellationToken);
        if (await evidence.FindAsync(submission, message.TaskId, cancellationToken) is { } claim)
            return claim.Task is null
                ? await unnamed.CollectAsync(submission, message, claim.Problem, cancellationToken)
                : await CollectKnownAsync(submission, input: null, message, cancellationToken);
        LogForeign(message.TaskId, message.SubmissionId);
        return null;
    }

    private async Task<CollectedRecord?> CollectKnownAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        // A hint for a closed submission is usually a repeated webhook, rarely work that a killed worker left
        // unfinished.
        if (submission.State == SubmissionState.Closed && input is null)
            return null;
        var isRecorded = input is { State: InputState.Failed }
            && await outcomes.RecoverAsync(submission, input, message.TaskId, message.DiscoveredBy, cancellationToken);
        return !isRecorded && (input is null || TaskFailures.MaySucceed(input, message.TaskId))
            ? await known.CollectAsync(submission, input, message, cancellationToken)
            : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Dropped a hint: task {TaskId} does not belong to submission {SubmissionId}.")]
    private partial void LogForeign(string taskId, string submissionId);
}
