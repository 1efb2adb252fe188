using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep;

/// <summary>
/// Asks the API, before a submission with failed tasks is closed, for other tasks of the same inputs: an input that failed for one task
/// becomes a record if another of its tasks succeeds.
/// </summary>
internal sealed class OtherTasks(
    ILedger ledger, IWorkQueue queue, BatchReader batches, IOptions<PipelineOptions> options, TimeProvider time)
{
    /// <summary>Has good tasks of failed inputs collected.</summary>
    /// <param name="submission">Accepted; none of its inputs waits.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>Whether any of them may still succeed, so that the submission must not be closed yet.</returns>
    public async Task<bool> MaySucceedAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var failed = inputs.Where(i => i is { State: InputState.Failed, TaskId: not null }).ToDictionary(i => i.Ordinal);
        var now = time.GetUtcNow();
        if (failed.Count == 0 || submission is not { State: SubmissionState.Accepted, BatchId: not null }
            || now - submission.AcceptedAt > options.Value.Sweep.TaskDeadline)
            return false;
        // Collect gives a result up one deadline after it heard of it.
        var last = failed.Values.Max(i => i.FinishedAt) + (2 * options.Value.Collect.ObjectDeadline) + options.Value.Sweep.PollInterval;
        try
        {
            var others = await FindAsync(submission, inputs, failed, cancellationToken);
            var good = others.Where(t => TaskStates.Classify(t.State) == TaskOutcome.Succeeded).Select(t => t.Id).ToList();
            if (good.Count > 0 && now < last)
                await queue.SendAsync(submission.SubmissionId, good, DiscoveredBy.Sweep, now, cancellationToken);
            return others.Count > good.Count || (good.Count > 0 && now < last);
        }
        // What the API cannot say is asked again for as long as a good task would be waited for.
        catch (PipelineException silent) when (!silent.IsStoreFault && now >= last)
        {
            return false;
        }
    }

    /// <summary>The tasks, beside those that gave the outcomes, that have not failed and belong to a failed input.</summary>
    private async Task<IReadOnlyList<NimbleTask>> FindAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, Dictionary<int, InputEntry> failed, CancellationToken cancellationToken)
    {
        var tasks = await batches.GetTasksAsync(submission, cancellationToken);
        await ledger.AddTasksAsync(submission.SubmissionId, new TaskMatcher(submission, inputs).Match(tasks), cancellationToken);
        var rows = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).ToDictionary(t => t.TaskId, StringComparer.Ordinal);
        var settled = inputs.Select(i => i.TaskId).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var isSurplus = rows.Count > submission.Count;
        return [.. tasks.Where(task => !settled.Contains(task.Id) && rows.TryGetValue(task.Id, out var row) && !row.IsOver
            && (row.Ordinal is { } ordinal ? failed.ContainsKey(ordinal) : isSurplus)
            && TaskStates.Classify(task.State) != TaskOutcome.Failed)];
    }
}
