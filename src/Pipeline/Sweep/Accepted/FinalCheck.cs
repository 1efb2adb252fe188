using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Asks the API once more for everything it has of a submission whose tasks have expired: a host that was down for a
/// day finds its results there.
/// </summary>
internal sealed partial class FinalCheck(
    BatchReader batches, FinishedTasks finished, UnnamedTasks unnamed, ILogger<FinalCheck> logger)
{
    /// <summary>
    /// Queues what the batch and the API's own list of tasks have. An API that does not answer holds nothing up.
    /// </summary>
    public async Task AskAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await TryAsync(
            submission,
            async () =>
            {
                var tasks = await batches.GetEndedTasksAsync(submission, inputs, cancellationToken);
                await finished.SendAsync(submission, inputs, tasks, cancellationToken);
            },
            cancellationToken);
        await TryAsync(submission, () => unnamed.SendAsync(submission, inputs, cancellationToken), cancellationToken);
    }

    private async Task TryAsync(SubmissionEntry submission, Func<Task> ask, CancellationToken cancellationToken)
    {
        try
        {
            await ask();
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
