using Microsoft.Extensions.Logging;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <content>Postpones results that are not available yet.</content>
internal sealed partial class TaskCollector
{
    private const int QuietTries = 2;

    // After the object's deadline, the API's copy may still be unfinished; it is read again this many times.
    private const int MaxCopyTries = 5;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Postpones a message during an outage, with growing delays and without a limit on attempts, and records the cause
    /// in the ledger.
    /// </summary>
    private async Task WaitOutAsync(ResultMessage message, PipelineException outage, CancellationToken cancellationToken)
    {
        LogOutage(message.TaskId, message.SubmissionId, outage.Message);
        var next = time.GetUtcNow() + IWorkQueue.Bound(DelayOf(message, outage.RetryAfter));
        await setbacks.NoteAsync(message.SubmissionId, outage, next, cancellationToken);
        await PutOffAsync(message, cancellationToken, outage.RetryAfter);
    }

    /// <summary>
    /// Postpones a message and records the cause in the ledger. The first attempts record nothing: results are often a
    /// moment late.
    /// </summary>
    private async Task PutOffAsync(ResultMessage message, PipelineException why, CancellationToken cancellationToken)
    {
        if (message.Tries >= QuietTries)
            await setbacks.NoteAsync(message.SubmissionId, why, time.GetUtcNow() + DelayOf(message, null), cancellationToken);
        await PutOffAsync(message, cancellationToken);
    }

    /// <summary>Sends the message again with a delay.</summary>
    public Task PutOffAsync(ResultMessage message, CancellationToken cancellationToken, TimeSpan? atLeast = null) =>
        queue.SendAsync(message with { Tries = message.Tries + 1 }, DelayOf(message, atLeast), cancellationToken);

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

    /// <summary>The failure message for a failed task, with Nimble's reason.</summary>
    internal static string TaskMessage(NimbleTask task)
    {
        var reason = (task.Error ?? task.ErrorType ?? "Nimble gives no reason").TrimEnd('.');
        return $"Task {task.Id} ended as '{task.State}': {reason}.";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The result of task {TaskId} of submission {SubmissionId} is unavailable and will be retried: {Reason}")]
    private partial void LogOutage(string taskId, string submissionId, string reason);
}
