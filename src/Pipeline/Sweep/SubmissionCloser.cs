using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>Closes submissions none of whose inputs waits.</summary>
internal sealed partial class SubmissionCloser(
    ILedger ledger,
    Resubmission repeats,
    OutcomeRecorder outcomes,
    Publisher publisher,
    CanaryGuard canaries,
    SweepPolicy policy,
    ILogger<SubmissionCloser> logger)
{
    /// <summary>Closes a submission, after the retry policy had its say about its failures.</summary>
    /// <param name="submission">An accepted or refused submission.</param>
    /// <param name="inputs">Its inputs; none of them waits.</param>
    /// <param name="cancellationToken">Cancels between two steps; the next look goes on.</param>
    public async Task CloseAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var settled = await repeats.RetryAsync(submission, inputs, cancellationToken);
        await outcomes.SettleAsync(submission, settled, cancellationToken);
        CrashPoint.Pass("sweep.close");
        var records = settled.Count(i => i.State == InputState.Recorded);
        var failures = settled.Count(i => i.State == InputState.Failed);
        var closing = submission.ToClosed(records, failures, policy.NextLateLook(submission));
        // First, so that a crash in between announces it again instead of never.
        await publisher.PublishAsync(closing, cancellationToken);
        if (await ledger.UpdateSubmissionAsync(closing, cancellationToken) is not { } closed)
            return;
        await outcomes.HasClosedAsync(closed, cancellationToken);
        LogClosed(submission.SubmissionId, records, failures);
        await canaries.WakeAsync(closed, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Submission {SubmissionId} is closed. Records: {Records}, failures: {Failures}.")]
    private partial void LogClosed(string submissionId, int records, int failures);
}
