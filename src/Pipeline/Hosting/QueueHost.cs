using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Hosting;

/// <summary>
/// Receives messages, runs their handlers, settles the messages and calls Sweep, as the Functions host does in the
/// cloud.
/// </summary>
/// <param name="queue">The queues.</param>
/// <param name="handlers">One handler per queue.</param>
/// <param name="sweep">Called at intervals, and at once when the queues are empty; never concurrently.</param>
/// <param name="onDeadLetter">
/// Called with queue, body and cause before a message goes to its poison queue.
/// </param>
/// <param name="options">Intervals and leases.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads retries.</param>
/// <param name="health">Makes work wait while the store is faulty.</param>
/// <param name="logger">The log.</param>
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
    /// <summary>
    /// Runs until done or cancelled. When done, it finishes running work; when cancelled, it stops that work and
    /// releases its messages at once.
    /// </summary>
    /// <param name="isDone">Called after each sweep.</param>
    /// <param name="cancellationToken">Stops the run; the method then returns normally.</param>
    /// <exception cref="PipelineException">
    /// Permanent: the store is missing or broken, or Sweep failed repeatedly.
    /// </exception>
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
        var pumps = handlers.Select(
            handler => new QueuePump(queue, handler, outcomes, health, options, time, logger)).ToList();
        var awaited = pumps.Where((_, i) => handlers[i].LeadsToWork).ToList();
        var sweeper = new SweepLoop(queue, awaited, SweepAsync, health, options, time, logger);
        Task[] loops =
        [
            .. pumps.Select(pump => pump.RunAsync(handling, receiving.Token)),
            sweeper.RunAsync(isDone, receiving.Token),
        ];
        // The first loop that ends, ends the run: Sweep's because all is done, any other because of cancellation or an
        // error.
        var first = await Task.WhenAny(loops);
        if (first.IsFaulted)
            await handling.CancelAsync();
        await receiving.CancelAsync();
        var all = Task.WhenAll(loops);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // The first error is the cause; the others may be consequences.
        await first;
        await all;
    }

    /// <summary>Sweeps, after releasing the messages of workers that were killed.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await ReleaseOrphansAsync(cancellationToken);
        await sweep(cancellationToken);
    }

    private async Task ReleaseOrphansAsync(CancellationToken cancellationToken)
    {
        if (await queue.ReleaseOrphansAsync(cancellationToken) is > 0 and var released)
            LogReleased(released);
    }

    [LoggerMessage(1, LogLevel.Information, "Released the messages of workers that were killed. Messages: {Count}.")]
    private partial void LogReleased(int count);
}
