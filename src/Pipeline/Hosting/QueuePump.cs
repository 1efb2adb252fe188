using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Hosting;

/// <summary>
/// Serves one queue: handles as many messages at once as its handler allows, and renews their leases meanwhile.
/// </summary>
internal sealed partial class QueuePump(
    IWorkReceiver queue,
    QueueHandler handler,
    MessageOutcomes outcomes,
    StoreHealth health,
    QueueHostOptions options,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan ErrorDelay = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<IWorkMessage, bool> _running = new(ReferenceEqualityComparer.Instance);
    private Exception? _fault;
    private long _handled;
    private int _busy;

    /// <summary>The name of the queue.</summary>
    public string Queue => handler.Queue;

    /// <summary>Whether a message is being received or handled.</summary>
    public bool IsBusy => Volatile.Read(ref _busy) > 0;

    /// <summary>Number of messages handled.</summary>
    public long Handled => Interlocked.Read(ref _handled);

    /// <summary>Receives messages until cancelled, then waits for running handlers.</summary>
    /// <param name="handling">
    /// Stops the handlers of all pumps; a pump cancels it if the store needs repair.
    /// </param>
    /// <param name="receiving">Stops receiving.</param>
    /// <exception cref="PipelineException">The store needs repair.</exception>
    public async Task RunAsync(CancellationTokenSource handling, CancellationToken receiving)
    {
        using var slots = new SemaphoreSlim(handler.Concurrency, handler.Concurrency);
        using var renewing = new CancellationTokenSource();
        var renewal = RenewAsync(renewing.Token);
        try
        {
            while (true)
                await ReceiveAsync(slots, handling, receiving);
        }
        catch (OperationCanceledException) when (receiving.IsCancellationRequested)
        {
            // A stop, or a store that needs repair; that fault is thrown below.
        }
        finally
        {
            for (var i = 0; i < handler.Concurrency; i++)
                await slots.WaitAsync(CancellationToken.None);
            await renewing.CancelAsync();
            await renewal;
        }
        if (_fault is not null)
            ExceptionDispatchInfo.Throw(_fault);
    }

    private async Task ReceiveAsync(SemaphoreSlim slots, CancellationTokenSource handling, CancellationToken receiving)
    {
        await slots.WaitAsync(receiving);
        var free = 1;
        while (slots.Wait(0, CancellationToken.None))
            free++;
        // Count as busy before receiving; otherwise a message that just left the queue counts nowhere for a moment.
        Interlocked.Increment(ref _busy);
        IReadOnlyList<IWorkMessage> messages = [];
        try
        {
            messages = await ReceiveAsync(free, receiving);
            foreach (var message in messages)
            {
                Interlocked.Increment(ref _busy);
                _running[message] = true;
                _ = Task.Run(() => HandleAsync(message, slots, handling), CancellationToken.None);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _busy);
            if (messages.Count < free)
                slots.Release(free - messages.Count);
        }
        if (messages.Count == 0)
            await queue.WaitAsync(handler.Queue, receiving);
    }

    private async Task<IReadOnlyList<IWorkMessage>> ReceiveAsync(int max, CancellationToken cancellationToken)
    {
        try
        {
            var delivery = await health.WaitOutAsync(
                () => queue.ReceiveAsync(handler.Queue, max, options.Visibility, cancellationToken), cancellationToken);
            foreach (var message in delivery.Poisoned)
                await health.WaitOutAsync(
                    () => outcomes.TellPoisonedAsync(message, cancellationToken), cancellationToken);
            return delivery.Messages;
        }
        catch (PipelineException error) when (!error.IsPermanent)
        {
            LogCannotReceive(handler.Queue, error.Message);
            await Task.Delay(ErrorDelay, time, cancellationToken);
            return [];
        }
    }

    private async Task HandleAsync(IWorkMessage message, SemaphoreSlim slots, CancellationTokenSource handling)
    {
        try
        {
            await outcomes.HandleAsync(handler, message, handling.Token);
            Interlocked.Increment(ref _handled);
        }
        catch (PipelineException error) when (error.StopsHost)
        {
            _fault ??= error;
            await handling.CancelAsync();
        }
        catch (PipelineException error) when (!error.IsPermanent)
        {
            LogCannotSettle(message.Id, handler.Queue, error.Message);
        }
        // One message must not stop the work on all others. It will be delivered again and counted.
        catch (Exception error)
        {
            LogCannotEnd(error, message.Id, handler.Queue);
        }
        finally
        {
            _running.TryRemove(message, out _);
            Interlocked.Decrement(ref _busy);
            slots.Release();
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.Visibility / 3, time, cancellationToken);
                await RenewOnceAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RenewOnceAsync(CancellationToken cancellationToken)
    {
        if (_running.IsEmpty)
            return;
        try
        {
            var lost = await queue.ExtendAsync([.. _running.Keys], options.Visibility, cancellationToken);
            foreach (var message in lost.Where(_running.ContainsKey))
                LogLeaseLost(message.Id, handler.Queue);
        }
        // A fault that stops the host also stops the loops that receive and handle.
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogCannotReceive(handler.Queue, error.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Queue {Queue} is unreadable and will be retried: {Reason}")]
    private partial void LogCannotReceive(string queue, string reason);

    [LoggerMessage(2, LogLevel.Warning,
        "Failed to settle message {Id} of {Queue}; it will be delivered again when its lease ends. {Reason}")]
    private partial void LogCannotSettle(string id, string queue, string reason);

    [LoggerMessage(4, LogLevel.Error,
        "Failed to settle message {Id} of {Queue}; it will be delivered again when its lease ends.")]
    private partial void LogCannotEnd(Exception error, string id, string queue);

    [LoggerMessage(3, LogLevel.Warning,
        "The lease of message {Id} of {Queue} expired during its handling; another worker has it now.")]
    private partial void LogLeaseLost(string id, string queue);
}
