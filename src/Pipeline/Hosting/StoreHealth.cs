using System.Collections.Concurrent;
using Pipeline.Http.Retrying;
using Pipeline.Model;

namespace Pipeline.Hosting;

/// <summary>
/// What keeps this process from writing to its own store, such as a full disk, for as long as somebody waits for it. Whoever meets
/// such a fault holds its work and tries again; terminal and status page show why.
/// </summary>
internal sealed class StoreHealth(TimeProvider time)
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<object, string> _waiting = new(ReferenceEqualityComparer.Instance);

    /// <summary>Why work waits, for people; null while the store works.</summary>
    public string? Problem => _waiting.Values.FirstOrDefault();

    /// <summary>Runs work again and again while the store is at fault in a way that may pass.</summary>
    /// <param name="work">Safe to run again after a fault.</param>
    /// <param name="cancellationToken">Ends the waiting; the last fault is thrown then.</param>
    public async Task<T> WaitOutAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            for (var wait = s_firstWait; ; wait = wait * 2 < s_longestWait ? wait * 2 : s_longestWait)
            {
                try
                {
                    return await work();
                }
                catch (PipelineException fault) when (Waits(fault) && !cancellationToken.IsCancellationRequested)
                {
                    _waiting[work] = fault.Message;
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
        // The work is run once more; where it still meets the fault, that is what its caller hears.
        catch (OperationCanceledException)
        {
        }
    }
}
