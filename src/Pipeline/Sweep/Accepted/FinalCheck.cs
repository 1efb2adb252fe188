using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Asks the API once more for everything that it has about a submission whose tasks have expired. After a day of
/// downtime, a host finds its results there.
/// </summary>
internal sealed partial class FinalCheck(
    BatchReader batches,
    FinishedTasks finished,
    UnnamedTasks unnamed,
    SweepPolicy policy,
    TimeProvider time,
    ILogger<FinalCheck> logger)
{
    // Each request may ask for every task individually, and a slow API may take its whole time for each.
    private static readonly TimeSpan LongestQuestion = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Queues what the batch and the API's own list of tasks have. An API that does not answer, or takes longer than
    /// Collect may, delays nothing.
    /// </summary>
    public async Task AskAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await TryAsync(
            submission,
            async limited =>
            {
                var tasks = await batches.GetEndedTasksAsync(submission, inputs, limited);
                await finished.SendAsync(submission, inputs, tasks, limited);
            },
            cancellationToken);
        await TryAsync(submission, limited => unnamed.SendAsync(submission, inputs, limited), cancellationToken);
    }

    private async Task TryAsync(
        SubmissionEntry submission, Func<CancellationToken, Task> ask, CancellationToken cancellationToken)
    {
        var limit = policy.CollectTime < LongestQuestion ? policy.CollectTime : LongestQuestion;
        using var timer = new CancellationTokenSource(limit, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await ask(limited.Token);
        }
        catch (Exception error)
            when (!cancellationToken.IsCancellationRequested && error is not PipelineException { IsStoreFault: true })
        {
            LogSilent(submission.SubmissionId, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The API cannot say what became of submission {SubmissionId}: {Reason}")]
    private partial void LogSilent(string submissionId, string reason);
}
