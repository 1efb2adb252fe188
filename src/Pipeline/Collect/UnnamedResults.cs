using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>
/// Collects a task that neither the ledger nor the API assigns to the submission. Only its object, under the
/// submission's own prefix, can show that it belongs there.
/// </summary>
internal sealed partial class UnnamedResults(
    ILedger ledger,
    ResultReader reader,
    TaskMatcherCache matchers,
    ResultRecorder recorder,
    Postponement postponement,
    RefusedReads refusals,
    ILogger<UnnamedResults> logger)
{
    /// <summary>Collects such a task, or postpones it.</summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="message">A message that names the task.</param>
    /// <param name="problem">Why the API could not say whose the task is; null if it answered.</param>
    /// <param name="cancellationToken">Cancels the collection.</param>
    /// <returns>The record, to be stored and disposed; null if there is none to store.</returns>
    public async Task<CollectedRecord?> CollectAsync(
        SubmissionEntry submission, ResultMessage message, PipelineException? problem,
        CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(submission, message, problem, cancellationToken);
        }
        catch (PipelineException outage) when (outage is { IsPermanent: false, IsStoreFault: false })
        {
            await postponement.WaitOutAsync(message, outage, cancellationToken);
        }
        catch (PipelineException refused) when (RefusedReads.IsRefusal(refused))
        {
            await refusals.NoteAsync(refused, cancellationToken);
            if (!refusals.IsOver(message))
                await postponement.WaitOutAsync(message, refused, cancellationToken);
        }
        catch (PipelineException wrong)
            when (wrong.Reason is FailureReasons.LimitExceeded or FailureReasons.ResultInvalid)
        {
            LogUnusable(message.TaskId, message.SubmissionId, wrong.Message);
        }

        return null;
    }

    /// <summary>
    /// Reads the object from the bucket only. Its content must match it to one input without an outcome.
    /// </summary>
    private async Task<CollectedRecord?> ReadAsync(
        SubmissionEntry submission, ResultMessage message, PipelineException? problem,
        CancellationToken cancellationToken)
    {
        using var found = await reader.ReadAsync(submission, message.TaskId, fromApi: false, cancellationToken);
        if (found is null && problem is not null)
            throw problem;
        var matcher = await matchers.ForAsync(submission, cancellationToken);
        if (found is null || matcher.MatchStranger(found.Result) is not { } ordinal)
        {
            LogForeign(message.TaskId, message.SubmissionId);
            return null;
        }

        var named = await ledger.GetInputAsync(submission.SubmissionId, ordinal, cancellationToken);
        if (named is not { State: InputState.Waiting } input)
            return null;
        LogUnnamed(message.TaskId, message.SubmissionId);
        await ledger.AddTasksAsync(submission.SubmissionId, [new(message.TaskId, ordinal)], cancellationToken);
        return await recorder.StageAsync(submission, input, message, found, cancellationToken);
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
}
