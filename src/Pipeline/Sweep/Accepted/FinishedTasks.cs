using Pipeline.Collect;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep.Accepted;

/// <summary>Queues finished tasks that no webhook reported, and fails the inputs of failed ones.</summary>
internal sealed class FinishedTasks(ILedger ledger, IWorkQueue queue, OutcomeRecorder outcomes, TimeProvider time)
{
    /// <summary>Queues every good task without a record, and fails the inputs of bad ones.</summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="tasks">
    /// Tasks of it, as the API describes them. Those that the ledger does not know are added.
    /// </param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public async Task SendAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        IReadOnlyList<NimbleTask> tasks,
        CancellationToken cancellationToken)
    {
        var known = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var matched = new TaskMatcher(submission, inputs).Match(tasks, known);
        await ledger.AddTasksAsync(submission.SubmissionId, matched, cancellationToken);
        var rows = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken))
            .ToDictionary(t => t.TaskId, StringComparer.Ordinal);
        var collected = CollectedIn(inputs);
        var good = new List<string>();
        foreach (var task in tasks.Where(t => rows.ContainsKey(t.Id) && !collected.Contains(t.Id)))
        {
            var row = rows[task.Id];
            var input = row.Ordinal is { } ordinal ? inputs[ordinal] : null;
            var state = TaskStates.Classify(task.State);
            if (state == TaskOutcome.Succeeded && !row.IsOver
                && (input is null || TaskFailures.MaySucceed(input, task.Id)))
                good.Add(task.Id);
            else if (state == TaskOutcome.Failed && input is { State: InputState.Waiting }
                && !HasAnother(row, rows, tasks))
                await FailAsync(submission, input, task, cancellationToken);
        }

        if (good.Count > 0)
            await QueueAsync(submission, good, cancellationToken);
    }

    /// <summary>Queues the one task that is left over once every other task has its input.</summary>
    /// <returns>Whether there is one.</returns>
    public async Task<bool> SendLastAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        if (TaskMatcher.LastPair(submission, tasks) is not { } last)
            return false;
        await ledger.AddTasksAsync(submission.SubmissionId, [last], cancellationToken);
        await QueueAsync(submission, [last.TaskId], cancellationToken);
        return true;
    }

    /// <summary>The tasks that gave inputs their outcomes.</summary>
    public static HashSet<string> CollectedIn(IReadOnlyList<InputEntry> inputs) =>
        inputs.Select(i => i.TaskId).OfType<string>().ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether the input has another task that has not failed.</summary>
    private static bool HasAnother(
        TaskEntry failed, Dictionary<string, TaskEntry> rows, IReadOnlyList<NimbleTask> tasks) =>
        rows.Values.Any(r => r.Ordinal == failed.Ordinal && r.TaskId != failed.TaskId && !r.IsOver
            && TaskStates.Classify(tasks.FirstOrDefault(t => t.Id == r.TaskId)?.State) != TaskOutcome.Failed);

    private Task FailAsync(
        SubmissionEntry submission, InputEntry input, NimbleTask task, CancellationToken cancellationToken) =>
        outcomes.FailAsync(
            submission,
            [input],
            new("sweep", FailureReasons.TaskFailed, TaskFailures.MessageOf(task)),
            cancellationToken,
            task.Id,
            DiscoveredBy.Sweep);

    private Task QueueAsync(
        SubmissionEntry submission, IReadOnlyCollection<string> taskIds, CancellationToken cancellationToken) =>
        queue.SendAsync(submission.SubmissionId, taskIds, DiscoveredBy.Sweep, time.GetUtcNow(), cancellationToken);
}
