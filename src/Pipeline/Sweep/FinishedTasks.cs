using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Collect;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep;

/// <summary>
/// Collects finished tasks that no webhook reported, and gives up inputs for which no result can come any more. Before it gives an input up,
/// it asks the bucket and the API's own list of tasks: the batch may name fewer tasks than it has.
/// </summary>
internal sealed partial class FinishedTasks(
    ILedger ledger,
    IWorkQueue queue,
    BatchReader batches,
    DeliveredResults delivered,
    UnnamedTasks unnamed,
    OutcomeRecorder outcomes,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<FinishedTasks> logger)
{
    private SweepOptions Sweep => options.Value.Sweep;

    /// <summary>How long Collect may take for a result it was told of now: it reads the API's copy one deadline later.</summary>
    private TimeSpan CollectTime => (2 * options.Value.Collect.ObjectDeadline) + Sweep.PollInterval;

    /// <summary>Queues every good task whose result is missing here, and fails the inputs of bad ones.</summary>
    public async Task SendFinishedAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<NimbleTask> tasks, CancellationToken cancellationToken)
    {
        var known = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        await ledger.AddTasksAsync(submission.SubmissionId, new TaskMatcher(submission, inputs).Match(tasks, known), cancellationToken);
        var rows = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).ToDictionary(t => t.TaskId, StringComparer.Ordinal);
        var collected = Collected(inputs);
        var good = new List<string>();
        foreach (var task in tasks.Where(t => rows.ContainsKey(t.Id) && !collected.Contains(t.Id)))
        {
            var input = rows[task.Id].Ordinal is { } ordinal ? inputs[ordinal] : null;
            var outcome = TaskStates.Classify(task.State);
            if (outcome == TaskOutcome.Succeeded && !rows[task.Id].IsOver && (input is null || TaskFailures.MaySucceed(input, task.Id)))
                good.Add(task.Id);
            else if (outcome == TaskOutcome.Failed && input is { State: InputState.Waiting } && !HasAnotherChance(task, rows, tasks))
                await outcomes.FailAsync(submission, [input],
                    new("sweep", FailureReasons.TaskFailed, TaskCollector.TaskMessage(task)), cancellationToken, task.Id, DiscoveredBy.Sweep);
        }

        if (good.Count > 0)
            await queue.SendAsync(submission.SubmissionId, good, DiscoveredBy.Sweep, time.GetUtcNow(), cancellationToken);
    }

    /// <summary>Whether another task of the same input has not failed.</summary>
    private static bool HasAnotherChance(NimbleTask failed, Dictionary<string, TaskEntry> rows, IReadOnlyList<NimbleTask> tasks) =>
        rows.Values.Any(r => r.Ordinal == rows[failed.Id].Ordinal && r.TaskId != failed.Id && !r.IsOver
            && TaskStates.Classify(tasks.FirstOrDefault(t => t.Id == r.TaskId)?.State) != TaskOutcome.Failed);

    /// <summary>
    /// The batch is complete and everything finished was queued. Once no good task is left to collect, or its deadline is over, what is still
    /// without an outcome belongs to tasks that cannot be told apart, or that the API does not name.
    /// </summary>
    public async Task SettleAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<NimbleTask> tasks, CancellationToken cancellationToken)
    {
        if (await SendLastAsync(submission, cancellationToken))
            return;
        var rows = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var collected = Collected(inputs);
        var left = tasks.Where(t => !collected.Contains(t.Id)).ToList();
        var good = left.Where(t => TaskStates.Classify(t.State) == TaskOutcome.Succeeded).Select(t => t.Id)
            .Except(rows.Where(t => t.IsOver).Select(t => t.TaskId)).ToHashSet(StringComparer.Ordinal);
        // Collect gives a result up one deadline after it heard of it, which may be a while after the batch was complete.
        var waits = time.GetUtcNow() < submission.CompletedAt + CollectTime;
        if (good.Count > 0 && waits)
            return;
        // An input whose good task is known waits for its result, which an outage may keep back: Collect goes on trying, until the task's deadline.
        var expected = rows.Where(t => good.Contains(t.TaskId)).Select(t => t.Ordinal).ToHashSet();
        var current = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var waiting = current.Where(i => i.State == InputState.Waiting && !expected.Contains(i.Ordinal)).ToList();
        if (waiting.Count == 0
            || await MayLieInBucketAsync(submission, current, tasks, rows, waits, cancellationToken)
            || await SendUnnamedAsync(submission, current, cancellationToken))
            return;
        var cause = CauseOf(submission, left, good.Count > 0);
        await outcomes.FailAsync(submission, waiting, cause, cancellationToken, discoveredBy: DiscoveredBy.Sweep);
        LogLeftOver(submission.SubmissionId, waiting.Count, cause.Reason);
    }

    /// <summary>Queues the one task that no answer told apart, once all others have their inputs.</summary>
    private async Task<bool> SendLastAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        if (TaskMatcher.LastPair(submission, tasks) is not { } last)
            return false;
        await ledger.AddTasksAsync(submission.SubmissionId, [last], cancellationToken);
        await queue.SendAsync(submission.SubmissionId, [last.TaskId], DiscoveredBy.Sweep, time.GetUtcNow(), cancellationToken);
        return true;
    }

    /// <summary>
    /// Has objects collected that the API does not name the tasks of, and says whether results may be among them. Under an
    /// unguessable prefix they are, for as long as tasks are missing; else only their deadline's time is given to them.
    /// </summary>
    private async Task<bool> MayLieInBucketAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        IReadOnlyList<NimbleTask> tasks,
        IReadOnlyList<TaskEntry> rows,
        bool waits,
        CancellationToken cancellationToken)
    {
        var named = tasks.Select(t => t.Id).ToHashSet(StringComparer.Ordinal);
        var others = (await delivered.FindAsync(submission, inputs, cancellationToken)).Where(id => !named.Contains(id)).ToList();
        await delivered.SendAsync(submission, others, cancellationToken);
        return others.Count > 0 && (waits || (rows.Count < submission.Count && DeliveryPrefix.IsUnguessable(submission)));
    }

    /// <summary>Collects tasks that only the API's own list names.</summary>
    /// <returns>Whether there are any, so that nothing is given up yet.</returns>
    private async Task<bool> SendUnnamedAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var found = await unnamed.FindAsync(submission, inputs, cancellationToken);
        if (found.Count == 0)
            return false;
        LogFound(submission.SubmissionId, found.Count);
        await SendFinishedAsync(submission, inputs, found, cancellationToken);
        return true;
    }

    private static FailureCause CauseOf(SubmissionEntry submission, IReadOnlyList<NimbleTask> left, bool isAmbiguous) =>
        isAmbiguous
            ? new("sweep", FailureReasons.ResultAmbiguous,
                "Several inputs have this URL and nothing in Nimble's answers tells their results apart. Give each a tag of its own.")
            : left.FirstOrDefault(t => TaskStates.Classify(t.State) == TaskOutcome.Failed) is { } bad
                ? new("sweep", FailureReasons.TaskFailed, TaskCollector.TaskMessage(bad))
                : submission.Message is { } told
                    ? new("sweep", FailureReasons.SubmissionRefused, told)
                    : new("sweep", FailureReasons.TaskExpired,
                        "The batch is complete, but Nimble names no task for this input: neither the batch nor the list of all tasks has one.");

    /// <summary>
    /// Past the longest documented life of a task: API and bucket are asked once more, however late that is, and once
    /// Collect has had its time the rest is given up. While a bucket cannot be listed, or holds what could not be read, it is not.
    /// </summary>
    public async Task ExpireAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var last = submission.AcceptedAt!.Value + Sweep.TaskDeadline + CollectTime;
        var isFirst = submission.DueAt < last;
        if (now < last + Sweep.TaskDeadline || isFirst)
        {
            if (isFirst)
                await AskOnceMoreAsync(submission, inputs, cancellationToken);
            if (await delivered.QueueAsync(submission, inputs, cancellationToken) > 0 || isFirst)
            {
                var next = now + CollectTime;
                await ledger.UpdateSubmissionAsync(submission.LookLater(last > next ? last : next), cancellationToken);
                return;
            }
        }

        // It stays due, and the next look closes it.
        await outcomes.FailAsync(submission, waiting, new("sweep", FailureReasons.TaskExpired,
            $"The task had not finished {Sweep.TaskDeadline.TotalHours:0.#} hours after it was accepted; Nimble drops such tasks."), cancellationToken, discoveredBy: DiscoveredBy.Sweep);
    }

    /// <summary>Finds results at the API for whoever was down for a day. That the API cannot answer proves nothing and keeps nothing waiting.</summary>
    private async Task AskOnceMoreAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await TryAskAsync(submission, async () => await SendFinishedAsync(
            submission, inputs, await batches.GetEndedTasksAsync(submission, inputs, cancellationToken), cancellationToken), cancellationToken);
        await TryAskAsync(submission, () => SendUnnamedAsync(submission, inputs, cancellationToken), cancellationToken);
    }

    private async Task TryAskAsync(SubmissionEntry submission, Func<Task> ask, CancellationToken cancellationToken)
    {
        try
        {
            await ask();
        }
        catch (Exception silent) when (!cancellationToken.IsCancellationRequested && silent is not PipelineException { IsStoreFault: true })
        {
            LogSilent(submission.SubmissionId, silent.Message);
        }
    }

    /// <summary>The tasks whose results are in: each input keeps the one that gave its outcome.</summary>
    private static HashSet<string> Collected(IReadOnlyList<InputEntry> inputs) => inputs.Select(i => i.TaskId).OfType<string>().ToHashSet(StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The API cannot say what became of submission {SubmissionId}: {Reason}")]
    private partial void LogSilent(string submissionId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The API's own list has {Tasks} tasks of submission {SubmissionId} that its batch does not name; they are collected.")]
    private partial void LogFound(string submissionId, int tasks);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Inputs} inputs of submission {SubmissionId} were left over and end as {Reason}.")]
    private partial void LogLeftOver(string submissionId, int inputs, string reason);
}
