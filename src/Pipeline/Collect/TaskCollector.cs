using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Collect.Normalize;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>
/// Reads and verifies the result of one task of an accepted submission and sets the outcome of the task's input. The
/// task must belong to the submission, and its object must be intact.
/// </summary>
internal sealed partial class TaskCollector(
    ILedger ledger,
    IWorkQueue queue,
    ResultReader reader,
    NimbleClient nimble,
    TaskEvidence evidence,
    TaskMatcherCache matchers,
    OutcomeRecorder outcomes,
    TaskFailures failures,
    ResultSetbacks setbacks,
    RefusedReads refusals,
    PageTally pages,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<TaskCollector> logger)
{
    private readonly PageStatuses _failed = new(options.Value.Collect.FailStatuses);

    /// <summary>Collects the result of one task, or postpones it.</summary>
    /// <param name="submission">An accepted or closed submission; it may be slightly out of date.</param>
    /// <param name="message">A message that names one task.</param>
    /// <param name="cancellationToken">Cancels the collection.</param>
    public async Task CollectAsync(SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        if (await evidence.FindAsync(submission, message.TaskId, cancellationToken) is not { } claim)
        {
            LogForeign(message.TaskId, message.SubmissionId);
            return;
        }

        await (claim.Task is { } task
            ? CollectKnownAsync(submission, task, message, cancellationToken)
            : TryUnnamedAsync(submission, message, claim.Problem, cancellationToken));
    }

    private async Task CollectKnownAsync(
        SubmissionEntry submission, TaskEntry task, ResultMessage message, CancellationToken cancellationToken)
    {
        // A hint for a closed submission is usually a repeated webhook, rarely work that a killed worker left
        // unfinished.
        if (submission.State == SubmissionState.Closed && task.Ordinal is null)
            return;
        var input = task.Ordinal is { } ordinal ? await ledger.GetInputAsync(submission.SubmissionId, ordinal, cancellationToken) : null;
        if (input is { State: InputState.Failed } && await outcomes.RecoverAsync(submission, input, message.TaskId, message.DiscoveredBy, cancellationToken))
            return;
        if (input is not null && !TaskFailures.MaySucceed(input, message.TaskId))
            return;
        CrashPoint.Pass("collect.before-open");
        try
        {
            await CollectAsync(submission, input, message, cancellationToken);
        }
        catch (PipelineException outage) when (outage is { IsPermanent: false, IsStoreFault: false })
        {
            // A result that was paid for is not given up during an outage, so attempts are not limited here. Sweep ends
            // the wait at the task's deadline.
            await WaitOutAsync(message, outage, cancellationToken);
        }
        catch (PipelineException tooLarge) when (tooLarge is { Reason: FailureReasons.LimitExceeded, IsPermanent: true })
        {
            await FailAsync(submission, input, message, new("collect", tooLarge.Reason, tooLarge.Message), cancellationToken);
        }
    }

    /// <summary>
    /// Reads the bucket until the object's deadline, then the API's copy as well. Until the deadline, a damaged,
    /// unfinished or wrong result is read again: one attempt or one source never decides alone.
    /// </summary>
    private async Task CollectAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        var late = time.GetUtcNow() - message.Since >= options.Value.Collect.ObjectDeadline;
        var (found, doubt) = await TryEmitAsync(submission, input, message, fromApi: false, cancellationToken);
        if (found && doubt is null)
            return;
        // Waiting does not fill an empty result or restore an archived object.
        var mayWait = !late && doubt?.Reason is not (FailureReasons.EmptyResult or FailureReasons.ObjectMissing);
        if (!mayWait && submission.StorageUrl is not null)
        {
            var copy = await TryEmitAsync(submission, input, message, fromApi: true, cancellationToken);
            if (copy.Found && copy.Doubt is null)
                return;
            if (copy.Doubt is { Reason: FailureReasons.ResultFailed } unfinished && (message.CopyTries ?? 0) < MaxCopyTries)
            {
                await PutOffAsync(message with { CopyTries = (message.CopyTries ?? 0) + 1 }, unfinished, cancellationToken);
                return;
            }
            // A source that denies access may still hold the result, so a denial is final only after RefusedWindow.
            if (doubt is null || (copy.Doubt is { } second && RefusedReads.IsRefusal(second)))
                doubt = copy.Doubt;
        }

        if (doubt is null)
            await MissingAsync(submission, input, message, late, cancellationToken);
        else if (RefusedReads.IsRefusal(doubt) && !refusals.IsOver(message))
            await WaitOutAsync(message, doubt, cancellationToken);
        else if (mayWait)
            await PutOffAsync(message, doubt, cancellationToken);
        else
            await FailAsync(submission, input, message, new("collect", doubt.Reason, doubt.Message), cancellationToken);
    }

    /// <summary>Sets the outcome of the input from one source, if that source has the result.</summary>
    /// <returns>Whether the source holds anything, and why that may not be the result.</returns>
    private async Task<(bool Found, PipelineException? Doubt)> TryEmitAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, bool fromApi, CancellationToken cancellationToken)
    {
        try
        {
            using var found = await reader.ReadAsync(submission, message.TaskId, fromApi, cancellationToken);
            if (!fromApi)
                refusals.Clear();
            if (found is null)
                return (false, null);
            await EmitAsync(submission, input, message, found, cancellationToken);
            return (true, null);
        }
        catch (PipelineException doubt) when (ResultCheck.IsDoubt(doubt) || RefusedReads.IsRefusal(doubt))
        {
            LogDoubt(message.TaskId, message.SubmissionId, doubt.Message);
            if (RefusedReads.IsRefusal(doubt))
                refusals.Note(doubt);
            return (true, doubt);
        }
    }

    private async Task TryUnnamedAsync(
        SubmissionEntry submission, ResultMessage message, PipelineException? problem, CancellationToken cancellationToken)
    {
        try
        {
            await CollectUnnamedAsync(submission, message, problem, cancellationToken);
        }
        catch (PipelineException outage) when (outage is { IsPermanent: false, IsStoreFault: false })
        {
            await WaitOutAsync(message, outage, cancellationToken);
        }
        catch (PipelineException refused) when (RefusedReads.IsRefusal(refused))
        {
            refusals.Note(refused);
            if (!refusals.IsOver(message))
                await WaitOutAsync(message, refused, cancellationToken);
        }
        catch (PipelineException wrong) when (wrong.Reason is FailureReasons.LimitExceeded or FailureReasons.ResultInvalid)
        {
            LogUnmatched(message.TaskId, message.SubmissionId, wrong.Message);
        }
    }

    /// <summary>
    /// Collects a task that neither the ledger nor the API assigns to the submission. Its object is read from the
    /// bucket only and must match a waiting input.
    /// </summary>
    private async Task CollectUnnamedAsync(
        SubmissionEntry submission, ResultMessage message, PipelineException? problem, CancellationToken cancellationToken)
    {
        using var found = await reader.ReadAsync(submission, message.TaskId, fromApi: false, cancellationToken);
        if (found is null && problem is not null)
            throw problem;
        var matcher = await matchers.ForAsync(submission, cancellationToken);
        if (found is null || matcher.MatchStranger(found.Result) is not { } ordinal)
        {
            LogForeign(message.TaskId, message.SubmissionId);
            return;
        }

        if (await ledger.GetInputAsync(submission.SubmissionId, ordinal, cancellationToken) is not { State: InputState.Waiting } input)
            return;
        LogUnnamed(message.TaskId, message.SubmissionId);
        await evidence.AddAsync(submission, new(message.TaskId, ordinal), cancellationToken);
        await EmitAsync(submission, input, message, found, cancellationToken);
    }

    private async Task EmitAsync(SubmissionEntry submission, InputEntry? input, ResultMessage message, FoundResult found, CancellationToken cancellationToken)
    {
        var result = found.Result;
        ResultCheck.CheckTask(found, message.TaskId);
        var isGood = ResultCheck.CheckStatus(found);
        input ??= await MatchAsync(submission, message, result, task: null, cancellationToken);
        if (input is null || !TaskFailures.MaySucceed(input, message.TaskId))
            return;
        if (!isGood)
        {
            await FailAsync(submission, input, message, new("collect", FailureReasons.ResultFailed,
                $"Nimble reports '{result.Status}' for this URL (HTTP status {result.StatusCode?.ToString() ?? "unknown"})."), cancellationToken);
            return;
        }

        if (ResultCheck.NamesAnotherUrl(result, input))
            ResultCheck.CheckUrl(found, input, await matchers.ForAsync(submission, cancellationToken));
        if (result.StatusCode is { } status && _failed.Fail(status))
        {
            await FailAsync(submission, input, message, new("collect", FailureReasons.PageStatus,
                $"The page answered with HTTP status {status}, which Collect:FailStatuses ({options.Value.Collect.FailStatuses}) makes a failure.",
                PageStatuses.IsRetryable(status), status), cancellationToken);
            return;
        }

        if (options.Value.Collect.EmptyResults == EmptyResultMode.Fail)
            ResultCheck.CheckContent(found);
        await using var record = RecordComposer.Compose(result, new()
        {
            ListId = submission.ListId,
            SubmissionId = submission.SubmissionId,
            BatchId = submission.BatchId,
            TaskId = message.TaskId,
            Input = input,
            SharedInputs = submission.SharedInputs,
            SourceUri = found.SourceUri,
            SourceETag = found.ETag,
            RequestedAt = submission.PostedAt,
            CollectedAt = time.GetUtcNow(),
        });
        CrashPoint.Pass("collect.after-staging");
        await outcomes.RecordAsync(submission, input, message.TaskId, message.DiscoveredBy, record, cancellationToken);
        pages.Add(record.HttpStatus);
    }

    /// <summary>
    /// Finds the input of a task that the POST's answer did not match: by the fields of the result, else by the API's
    /// echo, else by elimination.
    /// </summary>
    private async Task<InputEntry?> MatchAsync(
        SubmissionEntry submission, ResultMessage message, NormalizedResult? result, NimbleTask? task, CancellationToken cancellationToken)
    {
        var matcher = await matchers.ForAsync(submission, cancellationToken);
        var ordinal = (result is null ? null : matcher.Match(result))
            ?? matcher.Match((task ?? await nimble.GetTaskAsync(message.TaskId, cancellationToken))?.Input)
            ?? await EliminateAsync(submission, message.TaskId, cancellationToken);
        if (ordinal is not { } found)
        {
            LogUnmatched(message.TaskId, message.SubmissionId, result?.Url);
            return null;
        }

        await ledger.AddTasksAsync(submission.SubmissionId, [new(message.TaskId, found)], cancellationToken);
        return matcher.Inputs[found];
    }

    private async Task<int?> EliminateAsync(
        SubmissionEntry submission, string taskId, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        return TaskMatcher.LastPair(submission, tasks) is { } last && last.TaskId == taskId ? last.Ordinal : null;
    }

    private async Task MissingAsync(SubmissionEntry submission, InputEntry? input, ResultMessage message, bool late, CancellationToken cancellationToken)
    {
        var task = await nimble.GetTaskAsync(message.TaskId, cancellationToken);
        var outcome = TaskStates.Classify(task?.State);
        if (task is not null && outcome != TaskOutcome.Pending)
            input ??= await MatchAsync(submission, message, result: null, task, cancellationToken);
        if (task is not null && outcome == TaskOutcome.Failed)
            await TaskFailedAsync(submission, input, message, task, cancellationToken);
        else if (!late && outcome == TaskOutcome.Succeeded)
            await PutOffAsync(message, NotThereYet(submission, message.TaskId), cancellationToken);
        else if (!late)
            await PutOffAsync(message, cancellationToken);
        else if (task is null || outcome == TaskOutcome.Succeeded)
            await FailAsync(submission, input, message, new("collect", FailureReasons.ObjectMissing,
                MissingMessage(submission, message.TaskId)), cancellationToken);
    }

    private static string MissingMessage(SubmissionEntry submission, string taskId)
    {
        const string Advice = "'pipeline replay' looks again; 'pipeline replay --resubmit' posts the URL again.";
        return submission.StorageUrl is { } url
            ? $"Task {taskId} succeeded, but its result is neither at {url} nor at the API. "
                + $"Check that Nimble may write to the bucket. {Advice}"
            : $"Task {taskId} succeeded, but its result is not at the API. {Advice}";
    }

    private static PipelineException NotThereYet(SubmissionEntry submission, string taskId) => PipelineException.Transient(
        FailureReasons.ObjectMissing,
        $"Task {taskId} succeeded, but its result is not at {submission.StorageUrl ?? "the API"} yet.");

    /// <summary>
    /// Fails the input of a failed task. If the batch has more tasks than inputs, another task may be a second attempt
    /// at the same input; Sweep then decides once all have ended.
    /// </summary>
    private async Task TaskFailedAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, NimbleTask task, CancellationToken cancellationToken)
    {
        if ((await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).Count <= submission.Count)
            await FailAsync(submission, input, message, new("collect", FailureReasons.TaskFailed, TaskMessage(task)), cancellationToken);
    }

    private async Task FailAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, FailureCause cause, CancellationToken cancellationToken)
    {
        // If no input matches, Sweep sets the failure later: once all other inputs have a task, the rest belong to
        // failed tasks.
        input ??= await MatchAsync(submission, message, result: null, task: null, cancellationToken);
        if (input is not null)
            await failures.FailAsync(submission, input, message.TaskId, cause, message.DiscoveredBy, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Dropped a hint: task {TaskId} does not belong to submission {SubmissionId}.")]
    private partial void LogForeign(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Nimble does not list task {TaskId}, but its object under {SubmissionId}'s prefix matches an input.")]
    private partial void LogUnnamed(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Task {TaskId} matches no single input of submission {SubmissionId}; its result names '{Url}'.")]
    private partial void LogUnmatched(string taskId, string submissionId, string? url);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The object read for task {TaskId} of submission {SubmissionId} is not its result yet: {Reason}")]
    private partial void LogDoubt(string taskId, string submissionId, string reason);
}
