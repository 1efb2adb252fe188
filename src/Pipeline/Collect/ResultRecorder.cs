using Microsoft.Extensions.Options;
using Pipeline.Collect.Normalize;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Staging;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>Turns a task's result into the record of its input, or into its failure.</summary>
internal sealed class ResultRecorder(
    InputFinder inputs,
    TaskMatcherCache matchers,
    TaskFailures failures,
    IOptions<PipelineOptions> options,
    TimeProvider time)
{
    private readonly CollectOptions _options = options.Value.Collect;
    private readonly PageStatuses _failStatuses = new(options.Value.Collect.FailStatuses);

    /// <summary>Stages the record of an input from a result, or fails the input.</summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="known">The task's input; null if it is not known yet.</param>
    /// <param name="message">The message that names the task.</param>
    /// <param name="found">The complete document.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>The record, to be stored and disposed; null if there is none to store.</returns>
    /// <exception cref="PipelineException">
    /// A doubt: the document may not be the finished result of the task.
    /// </exception>
    public async Task<CollectedRecord?> StageAsync(
        SubmissionEntry submission, InputEntry? known, ResultMessage message, FoundResult found,
        CancellationToken cancellationToken)
    {
        ResultCheck.CheckTask(found, message.TaskId);
        var succeeded = ResultCheck.CheckStatus(found);
        var input = known
            ?? await inputs.FindAsync(submission, message.TaskId, found.Result, task: null, cancellationToken);
        if (input is null || !TaskFailures.MaySucceed(input, message.TaskId))
            return null;
        CollectedRecord? record = null;
        try
        {
            if (await StageAsync(submission, input, message, found, succeeded, cancellationToken) is { } staged)
                record = new(input, message, staged, IsNewMatch: known is null);
            return record;
        }
        finally
        {
            // The ledger learns of a new match with the record; without a record, here.
            if (known is null && record is null)
                await inputs.AddAsync(submission, message.TaskId, input, cancellationToken);
        }
    }

    private async Task<StagedRecord?> StageAsync(
        SubmissionEntry submission, InputEntry input, ResultMessage message, FoundResult found, bool succeeded,
        CancellationToken cancellationToken)
    {
        if (!succeeded)
        {
            await FailAsync(submission, input, message, ReportedFailure(found.Result), cancellationToken);
            return null;
        }

        if (ResultCheck.NamesAnotherUrl(found.Result, input))
            ResultCheck.CheckUrl(found, input, await matchers.ForAsync(submission, cancellationToken));
        if (found.Result.StatusCode is { } status && _failStatuses.Fail(status))
        {
            await FailAsync(submission, input, message, PageFailure(status), cancellationToken);
            return null;
        }

        if (_options.EmptyResults == EmptyResultMode.Fail)
            ResultCheck.CheckContent(found);
        var record = Compose(submission, input, message, found);
        CrashPoint.Pass("collect.after-staging");
        return record;
    }

    /// <summary>Fails the input of a task, unless another of its tasks may succeed.</summary>
    public async Task FailAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, FailureCause cause,
        CancellationToken cancellationToken)
    {
        // If no input matches, Sweep sets the failure later: once all other inputs have a task, the remaining inputs
        // belong to failed tasks.
        input ??= await inputs.FindAsync(submission, message.TaskId, result: null, task: null, cancellationToken);
        if (input is not null)
            await failures.FailAsync(submission, input, message.TaskId, cause, message.DiscoveredBy, cancellationToken);
    }

    private StagedRecord Compose(
        SubmissionEntry submission, InputEntry input, ResultMessage message, FoundResult found) =>
        RecordComposer.Compose(found.Result, new()
        {
            ListId = submission.ListId,
            SubmissionId = submission.SubmissionId,
            BatchId = submission.BatchId,
            TaskId = message.TaskId,
            Input = input,
            SharedInputs = submission.SharedInputs,
            SourceUri = found.SourceUri,
            SourceETag = found.ETag,
            Series = submission.Series,
            Compare = options.Value.Series.Compare,
            RequestedAt = submission.PostedAt,
            CollectedAt = time.GetUtcNow(),
        });

    private static FailureCause ReportedFailure(NormalizedResult result) => new(
        "collect",
        FailureReasons.ResultFailed,
        $"Nimble reports '{result.Status}' for this URL (HTTP status {result.StatusCode?.ToString() ?? "unknown"}).");

    private FailureCause PageFailure(int status) => new(
        "collect",
        FailureReasons.PageStatus,
        $"The page answered with HTTP status {status}, which Collect:FailStatuses ({_options.FailStatuses}) "
            + "treats as a failure.",
        PageStatuses.IsRetryable(status),
        status);
}
