using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Hosting;

/// <summary>
/// Calls Sweep at intervals, and at once when the queues are empty: then only Sweep can find more work or detect the
/// end.
/// </summary>
internal sealed partial class SweepLoop(
    IWorkReceiver queue,
    IReadOnlyList<QueuePump> pumps,
    Func<CancellationToken, Task> sweep,
    StoreHealth health,
    QueueHostOptions options,
    TimeProvider time,
    ILogger logger)
{
    private int _failures;

    /// <summary>Sweeps until done or cancelled.</summary>
    public async Task RunAsync(Func<CancellationToken, Task<bool>> isDone, CancellationToken cancellationToken)
    {
        try
        {
            var idleWait = options.IdleSweepInterval;
            while (true)
            {
                var handled = Handled();
                if (await SweepAsync(isDone, cancellationToken))
                    return;
                idleWait = await WaitAsync(handled, idleWait, cancellationToken)
                    ? options.IdleSweepInterval
                    : Min(idleWait * 2, options.SweepInterval);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> SweepAsync(Func<CancellationToken, Task<bool>> isDone, CancellationToken cancellationToken)
    {
        try
        {
            await health.WaitOutAsync(() => sweep(cancellationToken), cancellationToken);
            _failures = 0;
            return await isDone(cancellationToken);
        }
        catch (PipelineException error) when (!error.IsPermanent)
        {
            LogPutOff(error.Message);
        }
        // The error may be transient; if it persists, the run ends.
        catch (Exception error) when (
            error is not (OperationCanceledException or PipelineException { StopsHost: true })
                && ++_failures < options.MaxSweepFailures)
        {
            LogFailed(error, _failures, options.MaxSweepFailures);
        }
        return false;
    }

    /// <summary>Waits until the next sweep is due.</summary>
    /// <returns>Whether a message was handled meanwhile.</returns>
    private async Task<bool> WaitAsync(long handled, TimeSpan idleWait, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            await Task.Delay(options.IdleSweepInterval, time, cancellationToken);
            var waited = time.GetElapsedTime(start);
            var hasWorked = Handled() != handled;
            if (waited >= options.SweepInterval
                || (_failures == 0 && (hasWorked || waited >= idleWait) && await IsIdleAsync(cancellationToken)))
                return hasWorked;
        }
    }

    private async Task<bool> IsIdleAsync(CancellationToken cancellationToken)
    {
        foreach (var pump in pumps)
        {
            if (pump.IsBusy || await queue.HasVisibleAsync(pump.Queue, cancellationToken))
                return false;
        }
        // Meanwhile, work of a later queue may have sent a message to an earlier one.
        return pumps.All(pump => !pump.IsBusy);
    }

    private long Handled() => pumps.Sum(pump => pump.Handled);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(1, LogLevel.Information, "The sweep is postponed: {Reason}")]
    private partial void LogPutOff(string reason);

    [LoggerMessage(2, LogLevel.Error,
        "The sweep failed (attempt {Failures} of {MaxFailures} in a row); it will be retried.")]
    private partial void LogFailed(Exception error, int failures, int maxFailures);
}
