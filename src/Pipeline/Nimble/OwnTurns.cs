namespace Pipeline.Nimble;

/// <summary>Decides when the next request may be sent. Only one thread uses it at a time.</summary>
internal interface ITurns
{
    /// <summary>
    /// Returns the time until the next turn, zero or less if it has come; null while it is not known.
    /// </summary>
    /// <param name="waiting">Number of requests that wait, at least one.</param>
    TimeSpan? UntilNext(int waiting);

    /// <summary>Uses the next turn.</summary>
    void Take();
}

/// <summary>The turns of a process that does not share its rate limit.</summary>
internal sealed class OwnTurns(TimeSpan interval, TimeProvider time) : ITurns
{
    private readonly long _start = time.GetTimestamp();
    private readonly TimeSpan _burst = interval < TimeSpan.FromSeconds(1)
        ? TimeSpan.FromSeconds(1) - interval
        : default;
    private TimeSpan _next = TimeSpan.MinValue;

    public TimeSpan? UntilNext(int waiting)
    {
        var now = time.GetElapsedTime(_start);
        if (_next < now - _burst)
            _next = now - _burst;
        return _next - now;
    }

    public void Take() => _next += interval;
}
