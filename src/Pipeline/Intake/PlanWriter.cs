using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Intake;

/// <summary>
/// Writes planned submissions, each in this order: its failures, its entry with the inputs, its message. Repeating it
/// after a crash at any point does no harm.
/// </summary>
internal sealed class PlanWriter(ILedger ledger, IWorkQueue queue, Publisher publisher)
{
    /// <summary>Writes a submission.</summary>
    /// <param name="submission">The submission.</param>
    /// <param name="handOver">Takes the submission, which delays its message; null if the message brings it.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public async Task WriteAsync(
        PlannedSubmission submission, HandOver? handOver, CancellationToken cancellationToken)
    {
        // Failures are published first: every failure in the ledger must be there.
        if (submission.Failures.Count > 0)
            await publisher.PublishAsync(submission.Failures, cancellationToken);
        await ledger.CreateSubmissionAsync(submission.Entry, submission.Inputs, cancellationToken);
        CrashPoint.Pass("intake.after-submission");
        if (submission.Entry.State == SubmissionState.Planned)
            await queue.SendAsync(
                new SubmissionMessage(submission.Entry.SubmissionId),
                handOver?.Take(submission.Entry.SubmissionId) ?? TimeSpan.Zero, cancellationToken);
    }
}
