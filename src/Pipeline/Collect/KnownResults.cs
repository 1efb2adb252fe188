using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;

namespace Pipeline.Collect;

/// <summary>
/// Reads and verifies the result of a task that belongs to its submission, from the bucket and, once the bucket had its
/// time, from the API. Sets the outcome of the task's input, or postpones it.
/// </summary>
internal sealed partial class KnownResults(
    ResultReader reader,
    ResultRecorder recorder,
    MissingResults missing,
    Postponement postponement,
    RefusedReads refusals,
    ILogger<KnownResults> logger)
{
    // After the object's deadline, the API's copy may still be unfinished; it is read again this many times.
    private const int MaxCopyTries = 5;

    /// <summary>Collects the result of one task, or postpones it.</summary>
    /// <param name="submission">An accepted or closed submission.</param>
    /// <param name="input">The task's input; null if it is not known yet.</param>
    /// <param name="message">A message that names the task.</param>
    /// <param name="cancellationToken">Cancels the collection.</param>
    public async Task CollectAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        CrashPoint.Pass("collect.before-open");
        try
        {
            await ReadSourcesAsync(submission, input, message, cancellationToken);
        }
        catch (PipelineException outage) when (outage is { IsPermanent: false, IsStoreFault: false })
        {
            await postponement.WaitOutAsync(message, outage, cancellationToken);
        }
        catch (PipelineException tooLarge)
            when (tooLarge is { Reason: FailureReasons.LimitExceeded, IsPermanent: true })
        {
            await recorder.FailAsync(
                submission, input, message, new("collect", tooLarge.Reason, tooLarge.Message), cancellationToken);
        }
    }

    /// <summary>
    /// Reads the bucket until the object's deadline, then the API's copy as well. Until the deadline, a damaged,
    /// unfinished or wrong result is read again: one attempt or one source never decides alone.
    /// </summary>
    private async Task ReadSourcesAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        var isLate = postponement.IsLate(message);
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
            ? missing.HandleAsync(submission, input, message, isLate, cancellationToken)
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
        SubmissionEntry submission,
        InputEntry? input,
        ResultMessage message,
        bool fromApi,
        CancellationToken cancellationToken)
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

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The object read for task {TaskId} of submission {SubmissionId} is not its result yet: {Reason}")]
    private partial void LogDoubt(string taskId, string submissionId, string reason);

    /// <summary>The answer of one source.</summary>
    /// <param name="IsSettled">Whether it had the result and the input's outcome is set.</param>
    /// <param name="Doubt">Why what it holds may not be the result; null if it holds nothing.</param>
    private readonly record struct SourceAnswer(bool IsSettled, PipelineException? Doubt = null);
}
