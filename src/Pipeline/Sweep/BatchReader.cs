using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;

namespace Pipeline.Sweep;

/// <summary>Asks the API how far an accepted submission is, by its batch or by the tasks that are known.</summary>
internal sealed class BatchReader(ILedger ledger, NimbleClient nimble)
{
    /// <summary>How far it is; null when the API does not know it.</summary>
    public async Task<NimbleProgress?> GetProgressAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (submission.BatchId is { } batchId)
            return await nimble.GetProgressAsync(batchId, cancellationToken);
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var known = new List<NimbleTask>();
        foreach (var task in tasks)
            if (await nimble.GetTaskAsync(task.TaskId, cancellationToken) is { } state)
                known.Add(state);
        if (known.Count == 0)
            return null;
        var ended = known.Count(t => TaskStates.Classify(t.State) != TaskOutlook.Open);
        // A submission that was found by its objects names fewer tasks than it has, until they are all collected.
        var isDone = ended == known.Count && tasks.Count >= submission.Count;
        return new(submission.SubmissionId, isDone, isDone ? submission.Count : ended, Progress: null, CompletedAt: null);
    }

    /// <summary>Asks for the batch of a submission that was found by its objects while the API could not name it.</summary>
    public async Task<SubmissionEntry> LearnBatchAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (submission.BatchId is not null || submission.Count == 1
            || await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken) is not [var first, ..]
            || (await nimble.GetTaskAsync(first.TaskId, cancellationToken))?.BatchId is not { } batchId)
            return submission;
        return await ledger.UpdateSubmissionAsync(submission with { BatchId = batchId }, cancellationToken) ?? submission;
    }

    /// <summary>The tasks as the API has them now; each that the batch's details leave out is asked for by itself once the batch is complete.</summary>
    public async Task<IReadOnlyList<NimbleTask>> GetTasksAsync(SubmissionEntry submission, bool all, CancellationToken cancellationToken)
    {
        var tasks = new Dictionary<string, NimbleTask>(StringComparer.Ordinal);
        if (submission.BatchId is { } batchId && await nimble.GetBatchAsync(batchId, cancellationToken) is { } batch)
            foreach (var task in batch.Tasks)
                tasks[task.Id] = task;
        if (all)
            foreach (var known in await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken))
                if (!tasks.ContainsKey(known.TaskId) && await nimble.GetTaskAsync(known.TaskId, cancellationToken) is { } task)
                    tasks[task.Id] = task;
        return [.. tasks.Values];
    }
}
