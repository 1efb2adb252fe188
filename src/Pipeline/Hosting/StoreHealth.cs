using System.Collections.Concurrent;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Hosting;

/// <summary>
/// Makes work wait while this process cannot write to its own store, for example on a full disk, and reports why.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="hasRoom">Whether the disk has room for normal work; null if the store is not on a local disk.</param>
internal sealed class StoreHealth(TimeProvider time, Func<bool>? hasRoom = null) : IStoreProblem
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    // A small write may succeed while a large one fails. Every waiting write is retried within this time.
    private static readonly TimeSpan Quiet = LongestWait + FirstWait;

    private readonly ConcurrentDictionary<object, bool> _waiting = new(ReferenceEqualityComparer.Instance);
    private Fault? _last;

    /// <summary>Whether work currently waits for the store.</summary>
    public bool HasWaiting => !_waiting.IsEmpty;

    /// <summary>
    /// Why work waits, for people; null while the store works. A problem is over when it has not occurred for a while
    /// and the disk has room; a few successful small writes do not end it.
    /// </summary>
    public string? Problem
    {
        get
        {
            if (Volatile.Read(ref _last) is not { } last)
                return null;
            if (HasWaiting || time.GetElapsedTime(last.At) < Quiet || hasRoom?.Invoke() == false)
                return last.Message;
            Interlocked.CompareExchange(ref _last, null, last);
            return null;
        }
    }

    /// <summary>Runs work and repeats it while the store has a transient fault.</summary>
    /// <param name="work">Work that is safe to repeat after a fault.</param>
    /// <param name="cancellationToken">Ends the wait; the last fault is then thrown.</param>
    public async Task<T> WaitOutAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            for (var wait = FirstWait; ; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
            {
                try
                {
                    return await work();
                }
                catch (PipelineException fault) when (Waits(fault) && !cancellationToken.IsCancellationRequested)
                {
                    _waiting[work] = true;
                    Volatile.Write(ref _last, new(fault.Message, time.GetTimestamp()));
                    await DelayAsync(fault.RetryAfter.AtLeast(wait), cancellationToken);
                }
            }
        }
        finally
        {
            _waiting.TryRemove(work, out _);
        }
    }

    /// <inheritdoc cref="WaitOutAsync{T}"/>
    public Task WaitOutAsync(Func<Task> work, CancellationToken cancellationToken) => WaitOutAsync(
        async () =>
        {
            await work();
            return true;
        },
        cancellationToken);

    private static bool Waits(PipelineException fault) => fault is { IsStoreFault: true, IsPermanent: false };

    private async Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(delay, time, cancellationToken);
        }
        // The work runs once more. If the fault persists, the caller gets it.
        catch (OperationCanceledException)
        {
        }
    }

    private sealed record Fault(string Message, long At);
}
