using System.Runtime.CompilerServices;

namespace Pipeline.Http.Limits;

/// <summary>
/// Reads one body within <see cref="TimeLimits"/>. The client's timeout does not cover bodies, so each read has its
/// own.
/// </summary>
internal sealed class TimedReader(TimeLimits limits, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _timer = new(Timeout.InfiniteTimeSpan, time);
    private readonly long _opened = time.GetTimestamp();
    private long _bytes;

    /// <summary>Reads available bytes; 0 at the end of the body.</summary>
    /// <exception cref="IOException">The body stalls or is too slow; it cannot be read further.</exception>
    public ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var left = limits.ForRead(_bytes, time.GetElapsedTime(_opened));
        if (left <= TimeSpan.Zero)
            throw TooSlow(inner: null);
        cancellationToken.ThrowIfCancellationRequested();
        var pending = body.ReadAsync(buffer, _timer.Token);
        // Most reads complete synchronously and need no timer.
        if (!pending.IsCompletedSuccessfully)
            return WaitAsync(pending, left, cancellationToken);
        var read = pending.Result;
        _bytes += read;
        return new(read);
    }

    public void Dispose() => _timer.Dispose();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAsync(ValueTask<int> pending, TimeSpan left, CancellationToken cancellationToken)
    {
        using var _ = cancellationToken.UnsafeRegister(
            static timer => ((CancellationTokenSource)timer!).Cancel(), _timer);
        _timer.CancelAfter(left);
        try
        {
            var read = await pending;
            _bytes += read;
            return read;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw left < limits.Stall
                ? TooSlow(e)
                : new IOException($"stalled for {limits.Stall.TotalSeconds:0.#} s", e);
        }
        finally
        {
            _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private IOException TooSlow(Exception? inner) =>
        new($"was too slow, {_bytes} bytes in {time.GetElapsedTime(_opened).TotalSeconds:0.#} s,", inner);
}
