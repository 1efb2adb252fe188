using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Submit;
using Pipeline.Sweep.Lists;

namespace Pipeline.Sweep;

/// <summary>Closes submissions without waiting inputs.</summary>
internal sealed partial class SubmissionCloser(
    InputRetries retries,
    OutcomeRecorder outcomes,
    Publisher publisher,
    ClosedSubmissions submissions,
    CanaryGuard canaries,
    SweepPolicy policy,
    ILogger<SubmissionCloser> logger)
{
    /// <summary>Closes a submission, after the retry policy has decided about its failures.</summary>
    /// <param name="submission">An accepted or refused submission.</param>
    /// <param name="inputs">Its inputs; each has its outcome.</param>
    /// <param name="cancellationToken">Cancels between two steps; the next check continues.</param>
    public async Task CloseAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var settled = await retries.RetryAsync(submission, inputs, cancellationToken);
        await outcomes.SettleAsync(submission, settled, cancellationToken);
        CrashPoint.Pass("sweep.close");
        var tally = OutcomeTally.Of(settled);
        var closing = submission.ToClosed(
            (int)tally.Records, (int)tally.Failures, tally.ToString(), policy.NextLateLook(submission));
        // Publish first: after a crash in between, it is announced again instead of never.
        await publisher.PublishAsync(closing, cancellationToken);
        if (await submissions.CloseAsync(closing, cancellationToken) is not { } closed)
            return;
        LogClosed(submission.SubmissionId, closed.Records, closed.Failures);
        await canaries.WakeAsync(closed, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Submission {SubmissionId} is closed. Records: {Records}, failures: {Failures}.")]
    private partial void LogClosed(string submissionId, int records, int failures);
}
