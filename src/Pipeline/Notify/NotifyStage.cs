using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Http.Retrying;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Notify;

/// <summary>
/// POSTs the events of queue <c>notifications</c>. A failed event is retried after 5 s, then after twice as long each
/// time, up to an hour. After a day it goes to the poison queue, where <c>pipeline status</c> shows it and <c>pipeline
/// notify</c> sends it again. The message counts its attempts itself, because the queue allows only a few.
/// </summary>
internal sealed partial class NotifyStage(
    Receiver receiver, IWorkQueue queue, TimeProvider time, ILogger<NotifyStage> logger)
{
    private const int MaxDoublings = 10;

    internal static readonly TimeSpan Window = TimeSpan.FromDays(1);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);

    /// <summary>POSTs one event, or postpones it.</summary>
    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var message = MessageReader.ReadNotification(body);
        CrashPoint.Pass("notify.before-post");
        try
        {
            await receiver.PostAsync(message, cancellationToken);
            CrashPoint.Pass("notify.after-post");
            LogSent(message.Id, receiver.Name);
        }
        catch (PipelineException problem)
        {
            await PutOffAsync(
                message with { Tries = message.Tries + 1, Error = problem.Message }, problem, cancellationToken);
        }
    }

    private async Task PutOffAsync(
        NotificationMessage message, PipelineException problem, CancellationToken cancellationToken)
    {
        var left = message.Since + Window - time.GetUtcNow();
        if (problem.IsPermanent || left <= TimeSpan.Zero)
        {
            await queue.SendAsync(
                QueueNames.Notifications + QueueNames.PoisonSuffix, message, TimeSpan.Zero, cancellationToken);
            CrashPoint.Pass("notify.after-dead-letter");
            PipelineMetrics.CountDeadLetter(QueueNames.Notifications);
            LogDead(message.Id, message.Tries, problem.Message);
            return;
        }
        // The last attempt is due when the day is over.
        var wait = problem.RetryAfter.AtLeast(Backoff(message));
        wait = wait < left ? wait : left;
        await queue.SendAsync(message, wait, cancellationToken);
        LogPutOff(message.Id, message.Tries, wait, problem.Message);
    }

    /// <summary>
    /// Doubles with each attempt, minus up to a quarter, so that events of the same moment do not return together.
    /// </summary>
    private static TimeSpan Backoff(NotificationMessage message)
    {
        var doubled = FirstDelay * Math.Pow(2, Math.Min(message.Tries - 1, MaxDoublings));
        var seed = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(message.Id), message.Tries);
        return (doubled < LongestDelay ? doubled : LongestDelay) * (1 - (seed % 1000 / 4000.0));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Notification {Id} was delivered to {Receiver}.")]
    private partial void LogSent(string id, string? receiver);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Notification {Id} is postponed for {Delay} (attempt {Try}): {Reason}")]
    private partial void LogPutOff(string id, int @try, TimeSpan delay, string reason);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Notification {Id} was given up (attempt {Try}): {Reason} 'pipeline notify' sends it again.")]
    private partial void LogDead(string id, int @try, string reason);
}
