using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>Postpones messages whose results are not available yet, with growing delays.</summary>
internal sealed partial class Postponement(
    IWorkQueue queue,
    ResultSetbacks setbacks,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<Postponement> logger)
{
    private const int QuietAttempts = 2;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    /// <summary>Sends the message again, unchanged, for the time when its list may read again.</summary>
    public Task WaitForTurnAsync(ResultMessage message, CancellationToken cancellationToken) =>
        queue.SendAsync(message, ListShares.Later, cancellationToken);

    /// <summary>Gives back the tasks of a message that have no outcome when the host stops.</summary>
    /// <param name="message">The message.</param>
    /// <param name="tasks">The tasks to give back; at least one.</param>
    public Task GiveBackAsync(ResultMessage message, IReadOnlyList<string> tasks) => queue.SendAsync(
        message with { TaskId = tasks[0], Others = tasks.Count > 1 ? [.. tasks.Skip(1)] : null },
        TimeSpan.Zero, CancellationToken.None);

    /// <summary>Sends the message again with a delay.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Cancels the send.</param>
    /// <param name="atLeast">Minimum delay; null for none.</param>
    public Task PostponeAsync(ResultMessage message, CancellationToken cancellationToken, TimeSpan? atLeast = null) =>
        queue.SendAsync(message with { Tries = message.Tries + 1 }, DelayOf(message, atLeast), cancellationToken);

    /// <summary>
    /// Postpones a message and records the cause in the ledger. The first attempts record nothing: results are often a
    /// moment late.
    /// </summary>
    public async Task PostponeAsync(ResultMessage message, PipelineException cause, CancellationToken cancellationToken)
    {
        if (message.Tries >= QuietAttempts)
            await RecordAsync(message, cause, DelayOf(message, atLeast: null), cancellationToken);
        await PostponeAsync(message, cancellationToken);
    }

    /// <summary>
    /// Postpones a message during an outage and records the cause in the ledger. The number of attempts is not limited,
    /// because a paid result is not given up; Sweep ends the wait at the task's deadline.
    /// </summary>
    public async Task WaitOutAsync(ResultMessage message, PipelineException outage, CancellationToken cancellationToken)
    {
        LogOutage(message.TaskId, message.SubmissionId, outage.Message);
        await RecordAsync(message, outage, DelayOf(message, outage.RetryAfter), cancellationToken);
        await PostponeAsync(message, cancellationToken, outage.RetryAfter);
    }

    /// <summary>Whether the deadline of the message's object has passed.</summary>
    public bool IsLate(ResultMessage message) =>
        time.GetUtcNow() - message.Since >= options.Value.Collect.ObjectDeadline;

    private Task RecordAsync(
        ResultMessage message, PipelineException cause, TimeSpan delay, CancellationToken cancellationToken) =>
        setbacks.NoteAsync(message.SubmissionId, cause, time.GetUtcNow() + delay, cancellationToken);

    private TimeSpan DelayOf(ResultMessage message, TimeSpan? atLeast)
    {
        var collect = options.Value.Collect;
        var left = message.Since + collect.ObjectDeadline - time.GetUtcNow();
        var doubled = collect.RetryDelay * Math.Pow(2, Math.Min(message.Tries, 16));
        var delay = doubled < MaxDelay ? doubled : MaxDelay;
        // The first attempt after the deadline is due exactly at the deadline; later ones use the doubled delay again.
        if (left > TimeSpan.Zero && left < delay)
            delay = left > collect.RetryDelay ? left : collect.RetryDelay;
        return atLeast.AtLeast(delay);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The result of task {TaskId} of submission {SubmissionId} is unavailable and will be retried: {Reason}")]
    private partial void LogOutage(string taskId, string submissionId, string reason);
}
