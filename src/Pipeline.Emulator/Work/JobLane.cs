using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>
/// Runs the due jobs of one kind, up to a number at once. The write that records a job's outcome also removes its row.
/// That a job is running is only known in memory, so a job that the end of the process interrupts is due again after a
/// restart.
/// </summary>
internal sealed class JobLane(
    JobKind kind, int concurrency, TaskStore store, JobSignals signals, TimeProvider time, FullDisk disk,
    Func<Job, CancellationToken, Task> run)
    : IDisposable
{
    private const int ReadAhead = 256;

    private static readonly TimeSpan FullDiskWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly HashSet<long> _running = [];
    private readonly SemaphoreSlim _slots = new(concurrency);
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs until it is cancelled or a job fails unexpectedly.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!_failed.Task.IsCompleted)
                await RunDueAsync(cancellationToken);
            await _failed.Task;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            for (var i = 0; i < concurrency; i++)
                await _slots.WaitAsync(CancellationToken.None);
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task RunDueAsync(CancellationToken cancellationToken)
    {
        // Copy the running jobs before reading the rows: a job that ends in between is still in the rows, and must not
        // run again.
        long[] running;
        lock (_running)
            running = [.. _running];
        var now = time.GetUtcNow();
        var due = store.GetDueJobs(kind, now, ReadAhead, running);
        foreach (var job in due)
        {
            await _slots.WaitAsync(cancellationToken);
            lock (_running)
                _running.Add(job.Seq);
            _ = Task.Run(() => RunOneAsync(job, cancellationToken), CancellationToken.None);
        }
        if (due.Count > 0)
            return;
        var wait = store.GetNextDue(kind, now) is { } next && next - now < LongestWait ? next - now : LongestWait;
        await signals.WaitAsync(kind, wait + TimeSpan.FromMilliseconds(1), cancellationToken);
    }

    private async Task RunOneAsync(Job job, CancellationToken cancellationToken)
    {
        try
        {
            await run(job, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        // The job's row still exists, so the job runs again when there may be space.
        catch (Exception error) when (disk.Explains(error))
        {
            await Task.Delay(FullDiskWait, time, CancellationToken.None);
            signals.Wake(kind);
        }
        catch (Exception error)
        {
            _failed.TrySetException(error);
            signals.Wake(kind);
        }
        finally
        {
            lock (_running)
                _running.Remove(job.Seq);
            _slots.Release();
        }
    }
}
