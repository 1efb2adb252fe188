using Microsoft.Extensions.Logging;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Ports;

namespace Pipeline.Collect;

// How long results that cannot be had now are put off.
internal sealed partial class TaskCollector
{
    private const int QuietTries = 2;

    // The API's copy may still be unfinished when the bucket has had its time; no look at it is the only one.
    private const int MostCopyTries = 5;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    /// <summary>Waits with growing delays, however long it takes, and says in the ledger for what.</summary>
    private async Task WaitOutAsync(ResultMessage message, PipelineException outage, CancellationToken cancellationToken)
    {
        LogOutage(message.TaskId, message.SubmissionId, outage.Message);
        var next = time.GetUtcNow() + IWorkQueue.Bound(DelayOf(message, outage.RetryAfter));
        await setbacks.NoteAsync(message.SubmissionId, outage, next, cancellationToken);
        await PutOffAsync(message, cancellationToken, outage.RetryAfter);
    }

    /// <summary>
    /// Looks again later, and says in the ledger what is waited for. The first tries say nothing: a result is often a moment late.
    /// </summary>
    private async Task PutOffAsync(ResultMessage message, PipelineException why, CancellationToken cancellationToken)
    {
        if (message.Tries >= QuietTries)
            await setbacks.NoteAsync(message.SubmissionId, why, time.GetUtcNow() + DelayOf(message, null), cancellationToken);
        await PutOffAsync(message, cancellationToken);
    }

    /// <summary>Has the same tasks looked at again later.</summary>
    public Task PutOffAsync(ResultMessage message, CancellationToken cancellationToken, TimeSpan? atLeast = null) =>
        queue.SendAsync(message with { Tries = message.Tries + 1 }, DelayOf(message, atLeast), cancellationToken);

    private TimeSpan DelayOf(ResultMessage message, TimeSpan? atLeast)
    {
        var collect = options.Value.Collect;
        var left = message.Since + collect.ObjectDeadline - time.GetUtcNow();
        var doubled = collect.RetryDelay * Math.Pow(2, Math.Min(message.Tries, 16));
        var delay = doubled < LongestDelay ? doubled : LongestDelay;
        // The first look after the deadline comes at once; those after it may go on for hours, and double again.
        if (left > TimeSpan.Zero && left < delay)
            delay = left > collect.RetryDelay ? left : collect.RetryDelay;
        return atLeast.AtLeast(delay);
    }

    /// <summary>What a failed task says of itself.</summary>
    internal static string TaskMessage(NimbleTask task)
    {
        var reason = (task.Error ?? task.ErrorType ?? "Nimble gives no reason").TrimEnd('.');
        return $"Task {task.Id} ended as '{task.State}': {reason}.";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The result of task {TaskId} of submission {SubmissionId} cannot be had for the moment: {Reason}")]
    private partial void LogOutage(string taskId, string submissionId, string reason);
}
