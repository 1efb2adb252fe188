using System.Diagnostics;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Sweep.Accepted;

namespace Pipeline.Sweep;

/// <summary>Takes the next step with a submission that is due, depending on its state.</summary>
internal sealed class SubmissionSteps(
    ILedger ledger,
    PlannedSubmissions planned,
    UnansweredSubmissions unanswered,
    AcceptedSubmissions accepted,
    Refusals refusals,
    SubmissionCloser closer,
    TimeProvider time)
{
    /// <summary>Takes one step. Repeating it does no harm.</summary>
    public Task StepAsync(SubmissionEntry submission, CancellationToken cancellationToken) => ListTrace.RunAsync(
        "sweep submission", ActivityKind.Internal, submission.Traced(), () => TakeAsync(submission, cancellationToken));

    private Task TakeAsync(SubmissionEntry submission, CancellationToken cancellationToken) => submission.State switch
    {
        SubmissionState.Planned => planned.SendAgainAsync(submission.SendAgain(time.GetUtcNow()), cancellationToken),
        SubmissionState.Posting or SubmissionState.Unknown => unanswered.ResolveAsync(submission, cancellationToken),
        SubmissionState.Accepted => accepted.LookAsync(submission, cancellationToken),
        SubmissionState.Refused => LookRefusedAsync(submission, cancellationToken),
        _ => unanswered.LookLateAsync(submission, cancellationToken),
    };

    /// <summary>Closes a refused submission, unless a crash left some of its inputs waiting.</summary>
    private async Task LookRefusedAsync(SubmissionEntry refused, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(refused.SubmissionId, cancellationToken);
        var waiting = inputs.Where(i => i.State == InputState.Waiting).ToList();
        await (waiting.Count == 0 ? closer.CloseAsync(refused, inputs, cancellationToken)
            : refused.IsUnproven ? unanswered.ResumeAsync(refused, waiting, cancellationToken)
            : refusals.ResumeAsync(refused, waiting, cancellationToken));
    }
}
