using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Asks the API for other tasks of failed inputs before their submission is closed, because an input with a failed task
/// gets a record if another of its tasks succeeds.
/// </summary>
internal sealed class OtherTasks(ILedger ledger, IWorkQueue queue, BatchReader batches, SweepPolicy policy)
{
    /// <summary>Queues good tasks of failed inputs.</summary>
    /// <param name="submission">A submission without waiting inputs.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>Whether a failed input may still get a record; then the submission must stay open.</returns>
    public async Task<bool> MaySucceedAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var failed = inputs.Where(
            i => i is { State: InputState.Failed, TaskId: not null }).ToDictionary(i => i.Ordinal);
        if (failed.Count == 0
            || submission is not { State: SubmissionState.Accepted, BatchId: not null }
            || policy.IsExpired(submission))
            return false;
        var now = policy.Now;
        var last = failed.Values.Max(i => i.FinishedAt) + policy.CollectTime;
        try
        {
            var others = await FindAsync(submission, inputs, failed, cancellationToken);
            var good = others.Where(
                t => TaskStates.Classify(t.State) == TaskOutcome.Succeeded).Select(t => t.Id).ToList();
            if (good.Count > 0 && now < last)
                await queue.SendAsync(submission.SubmissionId, good, DiscoveredBy.Sweep, now, cancellationToken);
            return others.Count > good.Count || (good.Count > 0 && now < last);
        }
        // If the API does not answer, ask again for as long as Collect would have for a good task.
        catch (PipelineException silent) when (!silent.IsStoreFault && now >= last)
        {
            return false;
        }
    }

    /// <summary>The tasks that gave no outcome, have not failed, and belong to a failed input.</summary>
    private async Task<IReadOnlyList<NimbleTask>> FindAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        Dictionary<int, InputEntry> failed,
        CancellationToken cancellationToken)
    {
        var tasks = await batches.GetTasksAsync(submission, cancellationToken);
        var matched = new TaskMatcher(submission, inputs).Match(tasks);
        await ledger.AddTasksAsync(submission.SubmissionId, matched, cancellationToken);
        var rows = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken))
            .ToDictionary(t => t.TaskId, StringComparer.Ordinal);
        var settled = FinishedTasks.CollectedIn(inputs);
        var isSurplus = rows.Count > submission.Count;
        return [.. tasks.Where(task => !settled.Contains(task.Id) && rows.TryGetValue(task.Id,
            out var row) && !row.IsOver
            && (row.Ordinal is { } ordinal ? failed.ContainsKey(ordinal) : isSurplus)
            && TaskStates.Classify(task.State) != TaskOutcome.Failed)];
    }
}
