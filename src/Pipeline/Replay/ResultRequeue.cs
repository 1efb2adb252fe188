using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Replay;

/// <summary>Takes back failures of inputs and queues their tasks, so that Collect reads the results again.</summary>
internal sealed class ResultRequeue(
    IWorkQueue queue, Reopening reopening, OutcomeRecorder outcomes, TimeProvider time)
{
    // Sweep must not close the submission again before its inputs wait.
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(30);

    /// <summary>Reads the results of some tasks again.</summary>
    /// <param name="submission">A closed submission.</param>
    /// <param name="inputs">Its failed inputs that must wait again.</param>
    /// <param name="taskIds">The tasks to read.</param>
    /// <param name="cancellationToken">Cancels between two steps; the same call continues later.</param>
    public async Task ReadAgainAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyCollection<string> taskIds,
        CancellationToken cancellationToken)
    {
        await reopening.ReopenAsync(submission.SubmissionId, Handover, cancellationToken);
        await outcomes.TakeBackAsync(submission, inputs, cancellationToken);
        await reopening.ReopenAsync(submission.SubmissionId, Handover, cancellationToken);
        await queue.SendAsync(
            submission.SubmissionId, taskIds, DiscoveredBy.Sweep, time.GetUtcNow(), cancellationToken);
    }
}
