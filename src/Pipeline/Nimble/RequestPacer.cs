using Pipeline.Concurrency;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Nimble;

/// <summary>
/// Keeps requests to the rate limit: a token bucket that holds one second's worth. While POSTs and reads both wait,
/// they alternate, so each has half of the rate; what one of them does not use goes to the other. Reads of different
/// submissions take turns, so one submission that asks for thousands of tasks does not delay the others. With a shared
/// pace, the limit holds for all processes together.
/// </summary>
internal sealed class RequestPacer
{
    private readonly Lock _lock = new();
    private readonly FairQueue<TaskCompletionSource> _posts = new();
    private readonly FairQueue<TaskCompletionSource> _reads = new();
    private readonly ITimer _timer;
    private readonly ITurns _turns;
    private bool _postIsNext = true;
    private int _waiting;

    public RequestPacer(double requestsPerSecond, TimeProvider time, IRequestPace? shared = null)
    {
        var interval = TimeSpan.FromSeconds(1 / requestsPerSecond);
        _turns = shared is null ? new OwnTurns(interval, time) : new ReservedTurns(shared, interval, time, Release);
        _timer = time.CreateTimer(_ => Release(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits until a POST may be sent. POSTs go first come, first served.</summary>
    public Task WaitToPostAsync(CancellationToken cancellationToken) => WaitAsync(_posts, "", cancellationToken);

    /// <summary>Waits until a read may be sent.</summary>
    /// <param name="asker">
    /// Who takes the turn: the submission, or the name of a list that all submissions share.
    /// </param>
    /// <param name="cancellationToken">Ends the wait. The turn goes to the next waiter.</param>
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
            // Once turns are reserved, this is called again.
            while (_waiting > 0 && _turns.UntilNext(_waiting) is { } left)
            {
                if (left > TimeSpan.Zero)
                {
                    // A timer counts whole milliseconds, and must not fire too early.
                    var wait = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
                    _timer.Change(wait, Timeout.InfiniteTimeSpan);
                    return;
                }

                // A cancelled waiter takes no turn.
                if (TakeNext().TrySetResult())
                    _turns.Take();
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
        // The side that had this turn goes second next time.
        _postIsNext = _postIsNext != isFirst;
        return next!;
    }
}
