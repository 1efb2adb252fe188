using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Hosting;

/// <summary>
/// Runs a handler on a message and settles the message as <see cref="Tries"/> decides. While the pipeline's own store
/// has a transient fault, the message is held and the handler runs again. A fault that stops the host leaves the
/// message unchanged.
/// </summary>
internal sealed partial class MessageOutcomes(
    IWorkReceiver queue,
    Func<string, ReadOnlyMemory<byte>, Exception, CancellationToken, Task> onDeadLetter,
    QueueHostOptions options,
    TimeProvider time,
    Random random,
    StoreHealth health,
    ILogger logger)
{
    private readonly Lock _random = new();

    /// <summary>
    /// Handles a message and settles it: completed, postponed, dead-lettered, or, on a stop, released.
    /// </summary>
    public async Task HandleAsync(QueueHandler handler, IWorkMessage message, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var (body, error) = await RunAsync(handler, message, cancellationToken);
        if (error is PipelineException { StopsHost: true })
            ExceptionDispatchInfo.Throw(error);
        CrashPoint.Pass("queue.after-handle");
        // Settle the message even during a stop: otherwise, finished work would be repeated.
        var isMine = await health.WaitOutAsync(
            () => SettleAsync(message, body, error, cancellationToken), cancellationToken);
        if (!isMine)
            LogTakenOver(message.Id, message.Queue, (long)time.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>Reports a message that the queue itself has moved to its poison queue.</summary>
    public Task TellPoisonedAsync(IWorkMessage message, CancellationToken cancellationToken) =>
        TellAsync(
            message,
            message.Body,
            PipelineException.Permanent(
                FailureReasons.Internal,
                $"It was received {Amount.Of(message.DequeueCount, "time")} and never finished. "
                    + (message.Error ?? "Its workers ended or lost their lease.")),
            cancellationToken);

    /// <summary>Opens a message and handles it. If it cannot be opened, the body is the stored one.</summary>
    private async Task<(ReadOnlyMemory<byte> Body, Exception? Error)> RunAsync(
        QueueHandler handler, IWorkMessage message, CancellationToken cancellationToken)
    {
        var body = message.Body;
        try
        {
            await health.WaitOutAsync(
                async () =>
                {
                    body = await message.OpenAsync(cancellationToken);
                    await handler.HandleAsync(body, cancellationToken);
                },
                cancellationToken);
            return (body, null);
        }
        // Any exception counts as an attempt; it is logged when the message is settled.
        catch (Exception error)
        {
            return (body, error);
        }
    }

    private Task<bool> SettleAsync(
        IWorkMessage message, ReadOnlyMemory<byte> body, Exception? error, CancellationToken cancellationToken) =>
        Tries.FateAfter(error, message.DequeueCount, cancellationToken.IsCancellationRequested) switch
        {
            MessageFate.Done => queue.CompleteAsync(message, CancellationToken.None),
            MessageFate.Released or MessageFate.WaitsForStore => queue.ReleaseAsync(message, CancellationToken.None),
            MessageFate.DeadLettered => DeadLetterAsync(message, body, error!),
            _ => PutOffAsync(message, error!),
        };

    private async Task<bool> PutOffAsync(IWorkMessage message, Exception error)
    {
        var delay = RetryAfter.AtLeast((error as PipelineException)?.RetryAfter, Backoff(message.DequeueCount));
        if (error is PipelineException)
            LogPutOff(message.Id, message.Queue, message.DequeueCount, delay, error.Message);
        else
            LogFailed(error, message.Id, message.Queue, message.DequeueCount, delay);
        return await queue.AbandonAsync(message, delay, error.Message, CancellationToken.None);
    }

    private TimeSpan Backoff(int tries)
    {
        var full = Math.Min(
            options.RetryDelay.TotalMilliseconds * Math.Pow(2, tries - 1), options.MaxRetryDelay.TotalMilliseconds);
        lock (_random)
            return TimeSpan.FromMilliseconds(full * (0.5 + (random.NextDouble() / 2)));
    }

    private async Task<bool> DeadLetterAsync(IWorkMessage message, ReadOnlyMemory<byte> body, Exception error)
    {
        await TellAsync(message, body, error, CancellationToken.None);
        return await queue.DeadLetterAsync(message, error.Message, CancellationToken.None);
    }

    private async Task TellAsync(
        IWorkMessage message, ReadOnlyMemory<byte> body, Exception error, CancellationToken cancellationToken)
    {
        LogDeadLettered(
            error is PipelineException ? null : error, message.Id, message.Queue, message.DequeueCount, error.Message);
        try
        {
            await onDeadLetter(message.Queue, body, error, cancellationToken);
        }
        // The ledger is unavailable: keep the message until it works again.
        catch (PipelineException fault) when (fault.IsStoreFault)
        {
            throw;
        }
        // The message goes to the poison queue anyway. Its work is still open in the ledger, where Sweep finds it.
        catch (Exception second)
        {
            LogCannotTell(second, message.Id, message.Queue);
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "Message {Id} of {Queue} is postponed for {Delay} (attempt {Try}): {Reason}")]
    private partial void LogPutOff(string id, string queue, int @try, TimeSpan delay, string reason);

    [LoggerMessage(2, LogLevel.Error,
        "Message {Id} of {Queue} failed (attempt {Try}); it will be retried in {Delay}.")]
    private partial void LogFailed(Exception error, string id, string queue, int @try, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Error, "Message {Id} of {Queue} goes to the poison queue (attempt {Try}): {Reason}")]
    private partial void LogDeadLettered(Exception? error, string id, string queue, int @try, string reason);

    [LoggerMessage(4, LogLevel.Warning,
        "Another worker took over message {Id} of {Queue} within {Milliseconds} ms; this result is discarded.")]
    private partial void LogTakenOver(string id, string queue, long milliseconds);

    [LoggerMessage(5, LogLevel.Error,
        "Failed to record the end of message {Id} of {Queue} in the ledger; Sweep will find its work.")]
    private partial void LogCannotTell(Exception error, string id, string queue);
}
