namespace Pipeline.Nimble;

/// <summary>
/// A token bucket: so many requests a second on average, at most one second's worth at once. What waits is let through first come first served, submissions
/// before reads: however many reads wait, a submission waits for the next turn only.
/// </summary>
internal sealed class RequestPacer
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _submissions = [];
    private readonly Queue<TaskCompletionSource> _reads = [];
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly TimeSpan _interval;
    private readonly TimeSpan _burst;
    private readonly long _start;
    private TimeSpan _next = TimeSpan.MinValue;

    public RequestPacer(double requestsPerSecond, TimeProvider time)
    {
        _time = time;
        _interval = TimeSpan.FromSeconds(1 / requestsPerSecond);
        _burst = TimeSpan.FromSeconds(Math.Max(0, 1 - (1 / requestsPerSecond)));
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(_ => LetThrough(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits for its turn. A turn that was cancelled while waiting is lost, which only makes us slower.</summary>
    /// <param name="isSubmission">Whether it goes before all reads.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public Task WaitAsync(bool isSubmission, CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
            (isSubmission ? _submissions : _reads).Enqueue(waiter);
        LetThrough();
        return waiter.Task.WaitAsync(cancellationToken);
    }

    private void LetThrough()
    {
        lock (_lock)
        {
            var now = _time.GetElapsedTime(_start);
            while (_submissions.Count + _reads.Count > 0)
            {
                var turn = _next < now - _burst ? now - _burst : _next;
                if (turn > now)
                {
                    // A timer counts whole milliseconds, and must not come too early.
                    _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling((turn - now).TotalMilliseconds)), Timeout.InfiniteTimeSpan);
                    return;
                }
                _next = turn + _interval;
                (_submissions.Count > 0 ? _submissions : _reads).Dequeue().SetResult();
            }
        }
    }
}
