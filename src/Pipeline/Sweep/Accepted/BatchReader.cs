using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;

namespace Pipeline.Sweep.Accepted;

/// <summary>Asks the API for the progress of an accepted submission, by its batch or by its known tasks.</summary>
internal sealed class BatchReader(ILedger ledger, NimbleClient nimble)
{
    /// <summary>Returns the progress; null if the API does not know the submission.</summary>
    public async Task<NimbleProgress?> GetProgressAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (submission.BatchId is { } batchId)
            return await nimble.GetProgressAsync(submission.SubmissionId, batchId, cancellationToken);
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var known = new List<NimbleTask>();
        foreach (var task in tasks)
            if (await nimble.GetTaskAsync(submission.SubmissionId, task.TaskId, cancellationToken) is { } state)
                known.Add(state);
        if (known.Count == 0)
            return null;
        var ended = known.Count(t => TaskStates.Classify(t.State) != TaskOutcome.Pending);
        // For a submission that was found by its objects, only the collected tasks are known.
        var isDone = ended == known.Count && tasks.Count >= submission.Count;
        return new(
            submission.SubmissionId, isDone, isDone ? submission.Count : ended, Progress: null, CompletedAt: null);
    }

    /// <summary>
    /// Learns the batch of a submission that was found by its objects while the API could not name it.
    /// </summary>
    public async Task<SubmissionEntry> LearnBatchAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (submission.BatchId is not null || submission.Count == 1
            || await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken) is not [var first, ..]
            || (
                await nimble.GetTaskAsync(
                    submission.SubmissionId, first.TaskId, cancellationToken))?.BatchId is not { } batchId)
            return submission;
        return await ledger.UpdateSubmissionAsync(submission with { BatchId = batchId }, cancellationToken)
            ?? submission;
    }

    /// <summary>The tasks in the current details of the batch.</summary>
    public async Task<IReadOnlyList<NimbleTask>> GetTasksAsync(
        SubmissionEntry submission, CancellationToken cancellationToken) =>
        [.. (await GetDetailsAsync(submission, cancellationToken)).Values];

    /// <summary>
    /// The current tasks, after the API said that all have ended. A task that the batch's details omit, or do not call
    /// ended, is requested individually, unless its input has a record or failed because of this very task.
    /// </summary>
    public async Task<IReadOnlyList<NimbleTask>> GetEndedTasksAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var tasks = await GetDetailsAsync(submission, cancellationToken);
        var rows = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        foreach (var row in rows.Where(r => IsOpen(tasks.GetValueOrDefault(r.TaskId))))
            if (row.Ordinal is { } ordinal && IsSettled(inputs[ordinal], row.TaskId))
                tasks.Remove(row.TaskId);
            else if (await nimble.GetTaskAsync(submission.SubmissionId, row.TaskId, cancellationToken) is { } task)
                tasks[row.TaskId] = task;
        return [.. tasks.Values];
    }

    /// <summary>Whether a task has not ended, as far as the API says.</summary>
    public static bool IsOpen(NimbleTask? task) => TaskStates.Classify(task?.State) == TaskOutcome.Pending;

    private async Task<Dictionary<string, NimbleTask>> GetDetailsAsync(
        SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var tasks = new Dictionary<string, NimbleTask>(StringComparer.Ordinal);
        if (submission.BatchId is { } batchId
            && await nimble.GetBatchAsync(submission.SubmissionId, batchId, cancellationToken) is { } batch)
            foreach (var task in batch.Tasks)
                tasks[task.Id] = task;
        return tasks;
    }

    private static bool IsSettled(InputEntry input, string taskId) =>
        input.State is InputState.Recorded or InputState.Moved || input.TaskId == taskId;
}
