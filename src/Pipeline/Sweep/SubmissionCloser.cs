using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Submit;
using Pipeline.Sweep.Lists;

namespace Pipeline.Sweep;

/// <summary>Closes submissions none of whose inputs waits.</summary>
internal sealed partial class SubmissionCloser(
    Resubmission repeats,
    OutcomeRecorder outcomes,
    Publisher publisher,
    ClosedSubmissions submissions,
    CanaryGuard canaries,
    SweepPolicy policy,
    ILogger<SubmissionCloser> logger)
{
    /// <summary>Closes a submission, after the retry policy decided about its failures.</summary>
    /// <param name="submission">An accepted or refused submission.</param>
    /// <param name="inputs">Its inputs; none of them waits.</param>
    /// <param name="cancellationToken">Cancels between two steps; the next look goes on.</param>
    public async Task CloseAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var settled = await repeats.RetryAsync(submission, inputs, cancellationToken);
        await outcomes.SettleAsync(submission, settled, cancellationToken);
        CrashPoint.Pass("sweep.close");
        var tally = OutcomeTally.Of(settled);
        var closing = submission.ToClosed(
            (int)tally.Records, (int)tally.Failures, tally.ToString(), policy.NextLateLook(submission));
        // First, so that a crash in between announces it again instead of never.
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
