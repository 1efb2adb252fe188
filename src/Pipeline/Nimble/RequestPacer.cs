using Pipeline.Concurrency;

namespace Pipeline.Nimble;

/// <summary>
/// Keeps requests to the rate limit: a token bucket that holds one second's worth. While POSTs and reads both wait,
/// they alternate, so each has half of the rate; what one of them does not use goes to the other. Reads of different
/// submissions take turns, so one submission that asks for thousands of tasks does not delay the others.
/// </summary>
internal sealed class RequestPacer
{
    private readonly Lock _lock = new();
    private readonly FairQueue<TaskCompletionSource> _posts = new();
    private readonly FairQueue<TaskCompletionSource> _reads = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly TimeSpan _interval;
    private readonly TimeSpan _burst;
    private readonly long _start;
    private TimeSpan _next = TimeSpan.MinValue;
    private bool _postIsNext = true;
    private int _waiting;

    public RequestPacer(double requestsPerSecond, TimeProvider time)
    {
        _time = time;
        _interval = TimeSpan.FromSeconds(1 / requestsPerSecond);
        _burst = TimeSpan.FromSeconds(Math.Max(0, 1 - (1 / requestsPerSecond)));
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Release(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits until a POST may be sent. POSTs go first come, first served.</summary>
    public Task WaitToPostAsync(CancellationToken cancellationToken) => WaitAsync(_posts, "", cancellationToken);

    /// <summary>Waits until a read may be sent.</summary>
    /// <param name="asker">
    /// Whose turn it takes: the submission, or the name of a list that all submissions share.
    /// </param>
    /// <param name="cancellationToken">Ends the wait. The turn goes to the next in line.</param>
    public Task WaitToReadAsync(string asker, CancellationToken cancellationToken) =>
        WaitAsync(_reads, asker, cancellationToken);

    private async Task WaitAsync(
        FairQueue<TaskCompletionSource> line, string asker, CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var _ = cancellationToken.UnsafeRegister(
            static (waiter, token) => ((TaskCompletionSource)waiter!).TrySetCanceled(token), waiter);
        lock (_lock)
        {
            line.Enqueue(asker, waiter);
            _waiting++;
        }

        Release();
        await waiter.Task;
    }

    /// <summary>Lets everybody through whose turn has come, and sets the timer for the next one.</summary>
    private void Release()
    {
        lock (_lock)
        {
            var now = _time.GetElapsedTime(_start);
            while (_waiting > 0)
            {
                var turn = _next < now - _burst ? now - _burst : _next;
                if (turn > now)
                {
                    // A timer counts whole milliseconds, and must not fire too early.
                    var left = Math.Ceiling((turn - now).TotalMilliseconds);
                    _timer.Change(TimeSpan.FromMilliseconds(left), Timeout.InfiniteTimeSpan);
                    return;
                }

                // A cancelled waiter takes no turn.
                if (TakeNext().TrySetResult())
                    _next = turn + _interval;
            }
        }
    }

    private TaskCompletionSource TakeNext()
    {
        _waiting--;
        var (first, second) = _postIsNext ? (_posts, _reads) : (_reads, _posts);
        var isFirst = first.TryDequeue(out var next);
        if (!isFirst)
            second.TryDequeue(out next);
        // Whoever had this turn goes second in the next one.
        _postIsNext = _postIsNext != isFirst;
        return next!;
    }
}
