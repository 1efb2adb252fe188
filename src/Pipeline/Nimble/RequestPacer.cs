namespace Pipeline.Nimble;

/// <summary>A token bucket: so many requests a second on average, at most one second's worth at once, first come first served.</summary>
internal sealed class RequestPacer(double requestsPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1 / requestsPerSecond);
    private readonly TimeSpan _burst = TimeSpan.FromSeconds(Math.Max(0, 1 - (1 / requestsPerSecond)));
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _next = TimeSpan.MinValue;

    /// <summary>Waits for its turn. A turn that was cancelled while waiting is lost, which only makes us slower.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetElapsedTime(_start);
            var earliest = now - _burst;
            var turn = _next < earliest ? earliest : _next;
            _next = turn + _interval;
            wait = turn - now;
        }

        return wait <= TimeSpan.Zero ? Task.CompletedTask : Task.Delay(wait, time, cancellationToken);
    }
}
