using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>Posts failed inputs again if the retry policy allows it.</summary>
internal sealed partial class InputRetries(
    ILedger ledger, Resubmission repeats, IOptions<PipelineOptions> options, ILogger<InputRetries> logger)
{
    // Without a limit, a delay that doubles soon exceeds what a TimeSpan can hold.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(30);

    /// <summary>Posts failed inputs of a submission again, if allowed.</summary>
    /// <returns>The updated inputs.</returns>
    public async Task<IReadOnlyList<InputEntry>> RetryAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var retry = options.Value.Retry;
        var given = retry.Reasons.Where(reason => reason.Length > 0).ToList();
        IReadOnlyList<string> reasons = given.Count > 0 ? given : RetryOptions.Possible;
        var failed = inputs.Where(i => i.State == InputState.Failed && reasons.Contains(i.Reason!)
            && MayEndBetter(i)).ToList();
        if (failed.Count == 0 || submission.Attempt >= retry.MaxAttempts
            || failed.Count > retry.MaxShare * inputs.Count
            || await ledger.GetListAsync(submission.ListId, cancellationToken) is
                { Steering: ListSteering.Cancelled } or { RevisionOf: not null })
            return inputs;
        LogRetried(failed.Count, submission.SubmissionId, submission.Attempt + 1);
        await repeats.PostAgainAsync(submission, failed, DelayOf(retry, submission.Attempt), cancellationToken);
        return await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
    }

    private static TimeSpan DelayOf(RetryOptions retry, int attempt) =>
        TimeSpan.FromTicks((long)Math.Min(retry.Delay.Ticks * Math.Pow(2, attempt - 1), LongestDelay.Ticks));

    /// <summary>Whether another attempt may succeed: a page that is gone is not paid for again.</summary>
    private static bool MayEndBetter(InputEntry failed) =>
        failed.Reason != FailureReasons.PageStatus || PageStatuses.IsRetryable(failed.HttpStatus);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "{Inputs} failed inputs of submission {SubmissionId} are posted again (attempt {Attempt}).")]
    private partial void LogRetried(int inputs, string submissionId, int attempt);
}
