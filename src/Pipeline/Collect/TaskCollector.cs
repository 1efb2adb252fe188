using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
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
    ResultReader reader,
    NimbleClient nimble,
    TaskEvidence evidence,
    TaskMatcherCache matchers,
    InputFinder inputs,
    OutcomeRecorder outcomes,
    ResultRecorder recorder,
    Postponement postponement,
    RefusedReads refusals,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<TaskCollector> logger)
{
    // After the object's deadline, the API's copy may still be unfinished; it is read again this many times.
    private const int MaxCopyTries = 5;

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
            await ReadSourcesAsync(submission, input, message, cancellationToken);
        }
        catch (PipelineException outage) when (outage is { IsPermanent: false, IsStoreFault: false })
        {
            await postponement.WaitOutAsync(message, outage, cancellationToken);
        }
        catch (PipelineException tooLarge) when (tooLarge is { Reason: FailureReasons.LimitExceeded, IsPermanent: true })
        {
            await recorder.FailAsync(submission, input, message, new("collect", tooLarge.Reason, tooLarge.Message), cancellationToken);
        }
    }

    /// <summary>
    /// Reads the bucket until the object's deadline, then the API's copy as well. Until the deadline, a damaged,
    /// unfinished or wrong result is read again: one attempt or one source never decides alone.
    /// </summary>
    private async Task ReadSourcesAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        var isLate = time.GetUtcNow() - message.Since >= options.Value.Collect.ObjectDeadline;
        var bucket = await TryRecordAsync(submission, input, message, fromApi: false, cancellationToken);
        if (bucket.IsSettled)
            return;
        var doubt = bucket.Doubt;
        // Waiting does not fill an empty result or restore an archived object.
        var mayWait = !isLate && doubt?.Reason is not (FailureReasons.EmptyResult or FailureReasons.ObjectMissing);
        if (!mayWait && submission.StorageUrl is not null)
        {
            var copy = await TryRecordAsync(submission, input, message, fromApi: true, cancellationToken);
            if (copy.IsSettled || await PostponeUnfinishedCopyAsync(copy, message, cancellationToken))
                return;
            // A source that denies access may still hold the result, so a denial is final only after RefusedWindow.
            if (doubt is null || (copy.Doubt is { } second && RefusedReads.IsRefusal(second)))
                doubt = copy.Doubt;
        }

        await (doubt is null
            ? MissingAsync(submission, input, message, isLate, cancellationToken)
            : DoubtAsync(submission, input, message, doubt, mayWait, cancellationToken));
    }

    private async Task<bool> PostponeUnfinishedCopyAsync(
        SourceAnswer copy, ResultMessage message, CancellationToken cancellationToken)
    {
        var tries = message.CopyTries ?? 0;
        if (copy.Doubt is not { Reason: FailureReasons.ResultFailed } unfinished || tries >= MaxCopyTries)
            return false;
        await postponement.PostponeAsync(message with { CopyTries = tries + 1 }, unfinished, cancellationToken);
        return true;
    }

    private Task DoubtAsync(
        SubmissionEntry submission,
        InputEntry? input,
        ResultMessage message,
        PipelineException doubt,
        bool mayWait,
        CancellationToken cancellationToken)
    {
        if (RefusedReads.IsRefusal(doubt) && !refusals.IsOver(message))
            return postponement.WaitOutAsync(message, doubt, cancellationToken);
        if (mayWait)
            return postponement.PostponeAsync(message, doubt, cancellationToken);
        FailureCause cause = new("collect", doubt.Reason, doubt.Message);
        return recorder.FailAsync(submission, input, message, cause, cancellationToken);
    }

    /// <summary>Sets the outcome of the input from one source, if that source has the result.</summary>
    private async Task<SourceAnswer> TryRecordAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, bool fromApi, CancellationToken cancellationToken)
    {
        try
        {
            using var found = await reader.ReadAsync(submission, message.TaskId, fromApi, cancellationToken);
            if (!fromApi)
                refusals.Clear();
            if (found is null)
                return new(IsSettled: false);
            await recorder.RecordAsync(submission, input, message, found, cancellationToken);
            return new(IsSettled: true);
        }
        catch (PipelineException doubt) when (ResultCheck.IsDoubt(doubt) || RefusedReads.IsRefusal(doubt))
        {
            LogDoubt(message.TaskId, message.SubmissionId, doubt.Message);
            if (RefusedReads.IsRefusal(doubt))
                refusals.Note(doubt);
            return new(IsSettled: false, doubt);
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
            await postponement.WaitOutAsync(message, outage, cancellationToken);
        }
        catch (PipelineException refused) when (RefusedReads.IsRefusal(refused))
        {
            refusals.Note(refused);
            if (!refusals.IsOver(message))
                await postponement.WaitOutAsync(message, refused, cancellationToken);
        }
        catch (PipelineException wrong) when (wrong.Reason is FailureReasons.LimitExceeded or FailureReasons.ResultInvalid)
        {
            LogUnusable(message.TaskId, message.SubmissionId, wrong.Message);
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
        await recorder.RecordAsync(submission, input, message, found, cancellationToken);
    }

    private async Task MissingAsync(SubmissionEntry submission, InputEntry? input, ResultMessage message, bool isLate, CancellationToken cancellationToken)
    {
        var task = await nimble.GetTaskAsync(submission.SubmissionId, message.TaskId, cancellationToken);
        var outcome = TaskStates.Classify(task?.State);
        if (task is not null && outcome != TaskOutcome.Pending)
            input ??= await inputs.FindAsync(submission, message.TaskId, result: null, task, cancellationToken);
        if (task is not null && outcome == TaskOutcome.Failed)
            await TaskFailedAsync(submission, input, message, task, cancellationToken);
        else if (!isLate && outcome == TaskOutcome.Succeeded)
            await postponement.PostponeAsync(message, NotThereYet(submission, message.TaskId), cancellationToken);
        else if (!isLate)
            await postponement.PostponeAsync(message, cancellationToken);
        else if (task is null || outcome == TaskOutcome.Succeeded)
            await recorder.FailAsync(submission, input, message, Missing(submission, message.TaskId, task), cancellationToken);
    }

    private static FailureCause Missing(SubmissionEntry submission, string taskId, NimbleTask? task)
    {
        var end = task is null ? $"Nimble no longer knows task {taskId}, and" : $"Task {taskId} succeeded, but";
        var places = submission.StorageUrl is { } url
            ? $"neither at {url} nor at the API. Check that Nimble may write to the bucket."
            : "not at the API.";
        return new(
            "collect",
            FailureReasons.ObjectMissing,
            $"{end} its result is {places} 'pipeline replay' looks again; "
                + "'pipeline replay --resubmit' posts the URL again.");
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
            await recorder.FailAsync(submission, input, message, new("collect", FailureReasons.TaskFailed, TaskMessage(task)), cancellationToken);
    }

    /// <summary>The failure message for a failed task, with Nimble's reason.</summary>
    internal static string TaskMessage(NimbleTask task)
    {
        var reason = (task.Error ?? task.ErrorType ?? "Nimble gives no reason").TrimEnd('.');
        return $"Task {task.Id} ended as '{task.State}': {reason}.";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Dropped a hint: task {TaskId} does not belong to submission {SubmissionId}.")]
    private partial void LogForeign(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Nimble does not list task {TaskId}, but its object under {SubmissionId}'s prefix matches an input.")]
    private partial void LogUnnamed(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The object of task {TaskId} under submission {SubmissionId}'s prefix is not a usable result: {Reason}")]
    private partial void LogUnusable(string taskId, string submissionId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The object read for task {TaskId} of submission {SubmissionId} is not its result yet: {Reason}")]
    private partial void LogDoubt(string taskId, string submissionId, string reason);

    /// <summary>The answer of one source.</summary>
    /// <param name="IsSettled">Whether it had the result and the input's outcome is set.</param>
    /// <param name="Doubt">Why what it holds may not be the result; null if it holds nothing.</param>
    private readonly record struct SourceAnswer(bool IsSettled, PipelineException? Doubt = null);
}
