using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep.Accepted;

/// <summary>Gives up inputs whose tasks have outlived the longest life that Nimble documents.</summary>
internal sealed class ExpiredSubmissions(
    ILedger ledger, FinalCheck api, DeliveredResults delivered, OutcomeRecorder outcomes, SweepPolicy policy)
{
    /// <summary>
    /// Gives up what waits past the task deadline. First it asks API and bucket once more, however late it is, and
    /// gives Collect its time. Nothing is given up while the bucket cannot be listed or holds what could not be read,
    /// for at most one more task deadline.
    /// </summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="waiting">The inputs that wait.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>Whether the deadline has passed; if not, nothing was done.</returns>
    public async Task<bool> TryExpireAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        IReadOnlyList<InputEntry> waiting,
        CancellationToken cancellationToken)
    {
        if (!policy.IsExpired(submission))
            return false;
        if (!await MayStillComeAsync(submission, inputs, cancellationToken))
            // The submission stays due, and the next check closes it.
            await outcomes.FailAsync(
                submission,
                waiting,
                new("sweep", FailureReasons.TaskExpired,
                    $"The task had not finished {policy.TaskDeadline.TotalHours:0.#} hours after it was accepted. "
                    + "Nimble drops such tasks."),
                cancellationToken,
                discoveredBy: DiscoveredBy.Sweep);
        return true;
    }

    private async Task<bool> MayStillComeAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var now = policy.Now;
        var last = submission.AcceptedAt!.Value + policy.TaskDeadline + policy.CollectTime;
        var isFirst = submission.DueAt < last;
        if (!isFirst && now >= last + policy.TaskDeadline)
            return false;
        if (isFirst)
            await api.AskAsync(submission, inputs, cancellationToken);
        if (await delivered.QueueAsync(submission, inputs, cancellationToken) == 0 && !isFirst)
            return false;
        var next = now + policy.CollectTime;
        await ledger.UpdateSubmissionAsync(submission.LookLater(last > next ? last : next), cancellationToken);
        return true;
    }
}
