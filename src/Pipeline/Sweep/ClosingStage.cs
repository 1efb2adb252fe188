using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Sweep.Lists;

namespace Pipeline.Sweep;

/// <summary>
/// Closes submissions and lists as soon as this process has written their last outcome. A host whose Sweep runs at long
/// intervals calls it after each message. Anything left undone is due, so Sweep does it.
/// </summary>
internal sealed class ClosingStage(
    ILedger ledger,
    FinishedSubmissions finished,
    SubmissionSteps steps,
    IsolatedSteps isolated,
    RunningLooks looks,
    ListCloser closer,
    TimeProvider time)
{
    /// <summary>Takes the next step with each finished submission, then closes the lists that are complete.</summary>
    public async Task HandleAsync(CancellationToken cancellationToken)
    {
        var due = new List<SubmissionEntry>();
        foreach (var id in finished.Take())
            if (await ledger.GetSubmissionAsync(id, cancellationToken) is { } submission
                && submission.DueAt <= time.GetUtcNow())
                due.Add(submission);
        if (due.Count == 0)
            return;
        await looks.RunAsync(
            due, (submission, token) => isolated.RunAsync(submission, steps.StepAsync, token), cancellationToken);
        await closer.CloseTouchedAsync(cancellationToken);
    }
}
