using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Asks the API for the progress of an accepted submission, and collects what is finished. While the API cannot answer,
/// lists the bucket instead.
/// </summary>
internal sealed class SubmissionPoller(
    ILedger ledger,
    BatchReader batches,
    FinishedTasks finished,
    LeftOverInputs leftOver,
    DeliveredResults delivered,
    SweepPolicy policy,
    TimeProvider time)
{
    // After this many checks without progress, and then less and less often, the bucket is listed too.
    private const int QuietPolls = 8;

    // An API that takes longer to answer counts as unable to answer.
    private static readonly TimeSpan ApiLimit = TimeSpan.FromMinutes(2);

    /// <summary>Polls once.</summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="inputs">Its inputs, some of which wait.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    /// <exception cref="PipelineException">Transient: the API does not answer. The bucket was listed.</exception>
    public async Task PollAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(ApiLimit, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await AskAsync(submission, inputs, limited.Token);
        }
        // This includes answers that the code does not expect.
        catch (Exception error)
            when (!cancellationToken.IsCancellationRequested && error is not PipelineException { IsStoreFault: true })
        {
            await delivered.QueueAsync(submission, inputs, cancellationToken);
            if (error is not OperationCanceledException)
                throw;
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"Nimble did not say within {ApiLimit.TotalMinutes:0} minutes how far the submission is.");
        }
    }

    /// <summary>Checks again later, because there is no progress.</summary>
    public Task PostponeAsync(SubmissionEntry submission, CancellationToken cancellationToken) =>
        PostponeAsync(submission, submission.CompletedCount, cancellationToken);

    private async Task AskAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        submission = await batches.LearnBatchAsync(submission, cancellationToken);
        var progress = await batches.GetProgressAsync(submission, cancellationToken);
        var isQuiet = submission.PollCount >= QuietPolls && int.IsPow2(submission.PollCount);
        if (progress is null || isQuiet)
            await delivered.QueueAsync(submission, inputs, cancellationToken);
        if (progress is null)
        {
            await PostponeAsync(submission, cancellationToken);
            return;
        }

        var tasks = await GetTasksAsync(submission, inputs, progress, cancellationToken);
        // A batch may call itself complete before each of its tasks does.
        var isComplete = progress.Completed && !tasks.Any(BatchReader.IsOpen);
        if (isComplete && submission.CompletedAt is not null)
            await leftOver.SettleAsync(submission, inputs, tasks, cancellationToken);
        else if (tasks.Count > 0)
            await finished.SendAsync(submission, inputs, tasks, cancellationToken);
        var polled = submission with { CompletedAt = isComplete ? submission.CompletedAt ?? policy.Now : null };
        await PostponeAsync(polled, progress.CompletedCount ?? 0, cancellationToken);
    }

    private async Task<IReadOnlyList<NimbleTask>> GetTasksAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        NimbleProgress progress,
        CancellationToken cancellationToken)
    {
        if (progress.Completed)
            return await batches.GetEndedTasksAsync(submission, inputs, cancellationToken);
        // The API has finished more than is known here, and more than at the last check.
        var hasNews = progress.CompletedCount > inputs.Count(i => i.State != InputState.Waiting)
            && progress.CompletedCount != submission.CompletedCount;
        return hasNews ? await batches.GetTasksAsync(submission, cancellationToken) : [];
    }

    private Task PostponeAsync(SubmissionEntry submission, int completedCount, CancellationToken cancellationToken) =>
        ledger.UpdateSubmissionAsync(submission.Look(completedCount, policy.NextLook), cancellationToken);
}
