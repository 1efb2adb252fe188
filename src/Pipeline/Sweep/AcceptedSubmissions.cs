using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Collect;
using Pipeline.Emit;
using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Objects;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>
/// One look at an accepted submission: close it if every input has its outcome; else ask the API how far it is, and fetch what is finished but
/// was not told of. What the API has forgotten is looked for in the bucket.
/// </summary>
internal sealed partial class AcceptedSubmissions(
    ILedger ledger,
    IWorkQueue queue,
    NimbleClient nimble,
    ObjectStores objects,
    Outcomes outcomes,
    OpenInputs open,
    Repeats repeats,
    Reopening reopening,
    CanaryGuard canaries,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<AcceptedSubmissions> logger)
{
    private SweepOptions Sweep => options.Value.Sweep;

    public async Task LookAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var waiting = inputs.Where(i => i.State == InputState.Waiting).ToList();
        if (waiting.Count == 0)
            await CloseAsync(submission, inputs, cancellationToken);
        else if (time.GetUtcNow() - submission.AcceptedAt > Sweep.TaskDeadline)
            await ExpireAsync(submission, inputs, waiting, cancellationToken);
        else
            await PollAsync(submission, inputs, waiting, cancellationToken);
    }

    /// <summary>Closes a submission none of whose inputs waits.</summary>
    public async Task CloseAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var settled = await repeats.RetryAsync(submission, inputs, cancellationToken);
        await outcomes.PutFailuresAsync(settled, cancellationToken);
        CrashPoint.Pass("sweep.close");
        var records = settled.Count(i => i.State == InputState.Recorded);
        var failures = settled.Count(i => i.State == InputState.Failed);
        var closed = await ledger.UpdateSubmissionAsync(
            submission with { State = SubmissionState.Closed, DueAt = NextLateLook(submission), Records = records, Failures = failures }, cancellationToken);
        if (closed is null)
            return;
        await reopening.ReopenListAsync(submission.ListId, cancellationToken);
        open.Forget(submission.SubmissionId);
        LogClosed(submission.SubmissionId, records, failures);
        await canaries.WakeAsync(closed, cancellationToken);
    }

    /// <summary>When a submission that was given up is looked for again; null when that is over, or there is nothing to look for.</summary>
    public DateTimeOffset? NextLateLook(SubmissionEntry submission)
    {
        var next = time.GetUtcNow() + Sweep.LateInterval;
        return submission.IsUnproven && next < submission.PostedAt + Sweep.TaskDeadline ? next : null;
    }

    private async Task PollAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        var progress = await ProgressAsync(submission, cancellationToken);
        if (progress is null)
        {
            await SendListedAsync(submission, inputs, cancellationToken);
            await PostponeAsync(submission, submission.CompletedCount, cancellationToken);
            return;
        }

        var tasks = submission.CompletedAt is null && !IsNews(submission, progress, inputs.Count - waiting.Count)
            ? []
            : await TasksAsync(submission, progress.Completed, cancellationToken);
        if (submission.CompletedAt is not null)
            await SettleAsync(submission, inputs, tasks, cancellationToken);
        else if (tasks.Count > 0)
            await SendFinishedAsync(submission, inputs, tasks, cancellationToken);
        await PostponeAsync(submission with { CompletedAt = submission.CompletedAt ?? (progress.Completed ? time.GetUtcNow() : null) }, progress.CompletedCount ?? 0, cancellationToken);
    }

    /// <summary>Whether the API has finished more than is known here, and more than at the last look.</summary>
    private static bool IsNews(SubmissionEntry submission, NimbleProgress progress, int done) =>
        progress.Completed || (progress.CompletedCount > done && progress.CompletedCount != submission.CompletedCount);

    private async Task<NimbleProgress?> ProgressAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (submission.BatchId is { } batchId)
            return await nimble.GetProgressAsync(batchId, cancellationToken);
        var open = false;
        var known = false;
        foreach (var task in await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken))
        {
            var state = await nimble.GetTaskAsync(task.TaskId, cancellationToken);
            known |= state is not null;
            open |= state is not null && TaskStates.Classify(state.State) == TaskOutlook.Open;
        }

        return known ? new NimbleProgress(submission.SubmissionId, Completed: !open, CompletedCount: open ? 0 : submission.Count, Progress: null, CompletedAt: null) : null;
    }

    /// <summary>The tasks as the API has them now; each that the batch's details leave out is asked for by itself once the batch is complete.</summary>
    private async Task<IReadOnlyList<NimbleTask>> TasksAsync(SubmissionEntry submission, bool all, CancellationToken cancellationToken)
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

    /// <summary>Queues every good task whose result is missing here, and fails the inputs of bad ones.</summary>
    private async Task SendFinishedAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<NimbleTask> tasks, CancellationToken cancellationToken)
    {
        await ledger.AddTasksAsync(submission.SubmissionId, new TaskMatcher(submission, inputs).Match(tasks), cancellationToken);
        var rows = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).ToDictionary(t => t.TaskId, StringComparer.Ordinal);
        var collected = Collected(inputs);
        var good = new List<string>();
        foreach (var task in tasks.Where(t => rows.ContainsKey(t.Id) && !collected.Contains(t.Id)))
        {
            var input = rows[task.Id].Ordinal is { } ordinal ? inputs[ordinal] : null;
            var outcome = TaskStates.Classify(task.State);
            if (outcome == TaskOutlook.Good && input is null or { State: InputState.Waiting })
                good.Add(task.Id);
            else if (outcome == TaskOutlook.Bad && input is { State: InputState.Waiting })
                await outcomes.FailAsync(submission, [input],
                    new("sweep", FailureReasons.TaskFailed, TaskCollector.TaskMessage(task)), cancellationToken, task.Id, Learnt.Sweep);
        }

        if (good.Count > 0)
            await queue.SendAsync(submission.SubmissionId, good, Learnt.Sweep, time.GetUtcNow(), cancellationToken);
    }

    /// <summary>
    /// The batch is complete and everything finished was queued. Once no good task is left to collect, or its deadline is over, what is still
    /// without an outcome belongs to tasks that cannot be told apart, or that the API does not name.
    /// </summary>
    private async Task SettleAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<NimbleTask> tasks, CancellationToken cancellationToken)
    {
        if (await SendLastAsync(submission, cancellationToken))
            return;
        var collected = Collected(inputs);
        var left = tasks.Where(t => !collected.Contains(t.Id)).ToList();
        var good = left.Exists(t => TaskStates.Classify(t.State) == TaskOutlook.Good);
        // Collect gives a result up one deadline after it heard of it, which may be a while after the batch was complete.
        if (good && time.GetUtcNow() < submission.CompletedAt + (2 * options.Value.Collect.ObjectDeadline) + Sweep.PollInterval)
            return;
        var bad = left.Find(t => TaskStates.Classify(t.State) == TaskOutlook.Bad);
        FailureCause cause = good
            ? new("sweep", FailureReasons.ResultAmbiguous, "Several inputs have this URL and nothing in Nimble's answers tells their results apart. Give each a tag of its own.")
            : bad is not null
                ? new("sweep", FailureReasons.TaskFailed, TaskCollector.TaskMessage(bad))
                : new("sweep", FailureReasons.TaskExpired, "The batch is complete, but Nimble names no task for this input.");
        // An input whose good task is known waits for its result, which an outage may keep back: Collect goes on trying, until the task's deadline.
        var held = left.Where(t => TaskStates.Classify(t.State) == TaskOutlook.Good).Select(t => t.Id).ToHashSet(StringComparer.Ordinal);
        var expected = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).Where(t => held.Contains(t.TaskId)).Select(t => t.Ordinal).ToHashSet();
        var current = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var waiting = current.Where(i => i.State == InputState.Waiting && !expected.Contains(i.Ordinal)).ToList();
        if (waiting.Count == 0)
            return;
        await outcomes.FailAsync(submission, waiting, cause, cancellationToken, learnt: Learnt.Sweep);
        LogLeftOver(submission.SubmissionId, waiting.Count, cause.Reason);
    }

    /// <summary>Queues the one task that no answer told apart, once all others have their inputs.</summary>
    private async Task<bool> SendLastAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        if (TaskMatcher.LastPair(submission, tasks) is not { } last)
            return false;
        await ledger.AddTasksAsync(submission.SubmissionId, [last], cancellationToken);
        await queue.SendAsync(
            submission.SubmissionId, [last.TaskId], Learnt.Sweep, time.GetUtcNow(), cancellationToken);
        return true;
    }

    private async Task SendListedAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        if (submission.StorageUrl is null)
            return;
        var collected = Collected(inputs);
        var found = new List<string>();
        await foreach (var item in objects.ListAsync(ObjectUri.Parse(submission.StorageUrl), cancellationToken))
            if (ObjectNames.TaskIdOf(item.Uri) is { } taskId && !collected.Contains(taskId))
                found.Add(taskId);
        if (found.Count == 0)
            return;
        await ledger.AddTasksAsync(submission.SubmissionId, [.. found.Select(id => new TaskEntry(id, null))], cancellationToken);
        await queue.SendAsync(submission.SubmissionId, found, Learnt.Listing, time.GetUtcNow(), cancellationToken);
    }

    /// <summary>Past the longest documented life of a task: the bucket is asked once more, and one object deadline later the rest is given up.</summary>
    private async Task ExpireAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var last = submission.AcceptedAt!.Value + Sweep.TaskDeadline + options.Value.Collect.ObjectDeadline;
        if (now < last)
        {
            await SendListedAsync(submission, inputs, cancellationToken);
            await ledger.UpdateSubmissionAsync(submission with { DueAt = last }, cancellationToken);
            return;
        }

        // It stays due, and the next look closes it.
        await outcomes.FailAsync(submission, waiting, new("sweep", FailureReasons.TaskExpired,
            $"The task had not finished {Sweep.TaskDeadline.TotalHours:0.#} hours after it was accepted; Nimble drops such tasks."), cancellationToken, learnt: Learnt.Sweep);
    }

    /// <summary>The tasks whose results are in: each input keeps the one that gave its outcome.</summary>
    private static HashSet<string> Collected(IReadOnlyList<InputEntry> inputs) => inputs.Select(i => i.TaskId).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private async Task PostponeAsync(SubmissionEntry submission, int completedCount, CancellationToken cancellationToken)
    {
        var news = completedCount != submission.CompletedCount;
        var looked = submission with { CompletedCount = completedCount, Looks = news ? 0 : submission.Looks + 1 };
        await ledger.UpdateSubmissionAsync(looked with { DueAt = SweepStage.NextLook(looked, Sweep, time.GetUtcNow()) }, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Submission {SubmissionId} is closed with {Records} records and {Failures} failures.")]
    private partial void LogClosed(string submissionId, int records, int failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Inputs} inputs of submission {SubmissionId} were left over and end as {Reason}.")]
    private partial void LogLeftOver(string submissionId, int inputs, string reason);
}
