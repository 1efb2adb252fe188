using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;

namespace Pipeline.Collect;

/// <summary>
/// Reads and verifies the result of a task that belongs to its submission, from the bucket and, after the object's
/// deadline, from the API. Returns the record of the task's input, fails the input, or postpones it.
/// </summary>
internal sealed partial class KnownResults(
    ResultReader reader,
    ResultRecorder recorder,
    MissingResults missing,
    Postponement postponement,
    RefusedReads refusals,
    ILogger<KnownResults> logger)
{
    // After the object's deadline, the API may still answer with an unfinished result or an error page. Its copy is
    // read again this many times: the deadline may have passed before the first read.
    private const int MaxCopyTries = 5;

    /// <summary>Collects the result of one task, or postpones it.</summary>
    /// <param name="submission">An accepted or closed submission.</param>
    /// <param name="input">The task's input; null if it is not known yet.</param>
    /// <param name="message">A message that names the task.</param>
    /// <param name="cancellationToken">Cancels the collection.</param>
    /// <returns>The record, to be stored and disposed; null if there is none to store.</returns>
    public async Task<CollectedRecord?> CollectAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        CrashPoint.Pass("collect.before-open");
        try
        {
            return await ReadSourcesAsync(submission, input, message, cancellationToken);
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

        return null;
    }

    /// <summary>
    /// Reads the bucket until the object's deadline, then the API's copy as well. Until the deadline, a damaged,
    /// unfinished or wrong result is read again: one attempt or one source never decides alone.
    /// </summary>
    private async Task<CollectedRecord?> ReadSourcesAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, CancellationToken cancellationToken)
    {
        var isLate = postponement.IsLate(message);
        var answer = await TryStageAsync(submission, input, message, fromApi: false, cancellationToken);
        var doubt = answer.Doubt;
        // Waiting neither fills an empty result nor restores an archived object.
        var mayWait = !isLate && doubt?.Reason is not (FailureReasons.EmptyResult or FailureReasons.ObjectMissing);
        if (!answer.IsSettled && !mayWait && submission.StorageUrl is not null)
        {
            answer = await TryStageAsync(submission, input, message, fromApi: true, cancellationToken);
            // A source that denies access may still hold the result, so a denial is final only after RefusedWindow.
            if (doubt is null || (answer.Doubt is { } second && RefusedReads.IsRefusal(second)))
                doubt = answer.Doubt;
        }

        if (answer.IsSettled || (!mayWait && await PostponeUnfinishedAsync(answer, message, cancellationToken)))
            return answer.Record;
        await (doubt is null
            ? missing.HandleAsync(submission, input, message, isLate, cancellationToken)
            : DoubtAsync(submission, input, message, doubt, mayWait, cancellationToken));
        return null;
    }

    private async Task<bool> PostponeUnfinishedAsync(
        SourceAnswer copy, ResultMessage message, CancellationToken cancellationToken)
    {
        var tries = message.CopyTries ?? 0;
        if (tries >= MaxCopyTries || copy.Doubt is not
            {
                Reason: FailureReasons.ResultFailed or FailureReasons.ResultInvalid or FailureReasons.ObjectDamaged,
            } unfinished)
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

    /// <summary>Stages the record of the input, or fails it, from one source, if that source has the result.</summary>
    private async Task<SourceAnswer> TryStageAsync(
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
                await refusals.ClearAsync();
            if (found is null)
                return new(IsSettled: false);
            var record = await recorder.StageAsync(submission, input, message, found, cancellationToken);
            return new(IsSettled: true, Record: record);
        }
        catch (PipelineException doubt) when (ResultCheck.IsDoubt(doubt) || RefusedReads.IsRefusal(doubt))
        {
            LogDoubt(message.TaskId, message.SubmissionId, doubt.Message);
            if (RefusedReads.IsRefusal(doubt))
                await refusals.NoteAsync(doubt, cancellationToken);
            return new(IsSettled: false, doubt);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The object read for task {TaskId} of submission {SubmissionId} is not its result yet: {Reason}")]
    private partial void LogDoubt(string taskId, string submissionId, string reason);

    /// <summary>The answer of one source.</summary>
    /// <param name="IsSettled">Whether it had the result: the record is staged, or the input has its outcome.</param>
    /// <param name="Doubt">Why its content may not be the result; null if it has none.</param>
    /// <param name="Record">The record; null if there is none to store.</param>
    private readonly record struct SourceAnswer(
        bool IsSettled, PipelineException? Doubt = null, CollectedRecord? Record = null);
}
