using Microsoft.Extensions.Options;
using Pipeline.Collect.Normalize;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Staging;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>Sets the outcome of a task's input: the record of its result, or a failure.</summary>
internal sealed class ResultRecorder(
    InputFinder inputs,
    TaskMatcherCache matchers,
    OutcomeRecorder outcomes,
    TaskFailures failures,
    PageTally pages,
    IOptions<PipelineOptions> options,
    TimeProvider time)
{
    private readonly CollectOptions _options = options.Value.Collect;
    private readonly PageStatuses _failStatuses = new(options.Value.Collect.FailStatuses);

    /// <summary>Sets the outcome of an input from a result.</summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="input">The task's input; null if it is not known yet.</param>
    /// <param name="message">The message that names the task.</param>
    /// <param name="found">The complete document.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <exception cref="PipelineException">
    /// A doubt: the document may not be the finished result of the task.
    /// </exception>
    public async Task RecordAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, FoundResult found,
        CancellationToken cancellationToken)
    {
        ResultCheck.CheckTask(found, message.TaskId);
        var succeeded = ResultCheck.CheckStatus(found);
        input ??= await inputs.FindAsync(submission, message.TaskId, found.Result, task: null, cancellationToken);
        if (input is null || !TaskFailures.MaySucceed(input, message.TaskId))
            return;
        if (!succeeded)
        {
            await FailAsync(submission, input, message, ReportedFailure(found.Result), cancellationToken);
            return;
        }

        if (ResultCheck.NamesAnotherUrl(found.Result, input))
            ResultCheck.CheckUrl(found, input, await matchers.ForAsync(submission, cancellationToken));
        if (found.Result.StatusCode is { } status && _failStatuses.Fail(status))
        {
            await FailAsync(submission, input, message, PageFailure(status), cancellationToken);
            return;
        }

        if (_options.EmptyResults == EmptyResultMode.Fail)
            ResultCheck.CheckContent(found);
        await using var record = Compose(submission, input, message, found);
        CrashPoint.Pass("collect.after-staging");
        await outcomes.RecordAsync(submission, input, message.TaskId, message.DiscoveredBy, record, cancellationToken);
        pages.Add(record.HttpStatus);
    }

    /// <summary>Fails the input of a task, unless another of its tasks may succeed.</summary>
    public async Task FailAsync(
        SubmissionEntry submission, InputEntry? input, ResultMessage message, FailureCause cause,
        CancellationToken cancellationToken)
    {
        // If no input matches, Sweep sets the failure later: once all other inputs have a task, the rest belong to
        // failed tasks.
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
