using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Hosting;

/// <summary>
/// What the Functions host is in the cloud: takes messages off the queues, gives them to their handlers, decides by what they throw, and calls Sweep.
/// </summary>
/// <param name="queue">The queues.</param>
/// <param name="handlers">Who serves which.</param>
/// <param name="sweep">Called every so often, and at once when nothing is left to do; never twice at a time.</param>
/// <param name="onDeadLetter">Told of each message that ends in its poison queue, before it gets there: queue, body, cause.</param>
/// <param name="options">The times.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads retries.</param>
/// <param name="health">Shows what the store's faults hold up.</param>
/// <param name="logger">Where failures are told.</param>
internal sealed partial class QueueHost(
    IWorkReceiver queue,
    IReadOnlyList<QueueHandler> handlers,
    Func<CancellationToken, Task> sweep,
    Func<string, ReadOnlyMemory<byte>, Exception, CancellationToken, Task> onDeadLetter,
    QueueHostOptions options,
    TimeProvider time,
    Random random,
    StoreHealth health,
    ILogger<QueueHost> logger)
{
    /// <summary>Runs until done or cancelled. Work under way when done is finished, when cancelled it is stopped and given back at once.</summary>
    /// <param name="isDone">Asked after each sweep.</param>
    /// <param name="cancellationToken">Stops the run; that is not an error of this method.</param>
    /// <exception cref="PipelineException">Permanent: the store is gone or broken, or Sweep fails again and again.</exception>
    public async Task RunAsync(Func<CancellationToken, Task<bool>> isDone, CancellationToken cancellationToken)
    {
        try
        {
            await ReleaseOrphansAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }

        using var handling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(handling.Token);
        var outcomes = new MessageOutcomes(queue, onDeadLetter, options, time, random, health, logger);
        var pumps = handlers.Select(handler => new QueuePump(queue, handler, outcomes, health, options, time, logger)).ToList();
        var sweeper = new SweepLoop(queue, pumps, SweepAsync, health, options, time, logger);
        Task[] loops = [.. pumps.Select(pump => pump.RunAsync(handling, receiving.Token)), sweeper.RunAsync(isDone, receiving.Token)];
        // Whichever ends first ends the run: Sweep's loop because all is done, any of them because it was cancelled or met an error.
        var first = await Task.WhenAny(loops);
        if (first.IsFaulted)
            await handling.CancelAsync();
        await receiving.CancelAsync();
        var all = Task.WhenAll(loops);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // The first error is the cause; the others may be what followed from it.
        await first;
        await all;
    }

    /// <summary>Sweeps; also after workers that shared these queues and were killed meanwhile.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await ReleaseOrphansAsync(cancellationToken);
        await sweep(cancellationToken);
    }

    private async Task ReleaseOrphansAsync(CancellationToken cancellationToken)
    {
        if (await queue.ReleaseOrphansAsync(cancellationToken) is > 0 and var released)
            Log.Released(logger, released);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Took back {Count} messages from a worker that was killed.")]
        public static partial void Released(ILogger logger, int count);
    }
}
