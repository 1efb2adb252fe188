namespace Pipeline.Nimble.Replies;

/// <summary>The time limit of one reply. The clock stops while the reply waits for others.</summary>
/// <param name="allowed">Time until the reply must be complete; starts again after each wait for others.</param>
/// <param name="time">The clock.</param>
/// <param name="caller">Cancels everything.</param>
internal sealed class ReplyTime(TimeSpan allowed, TimeProvider time, CancellationToken caller) : IDisposable
{
    private readonly CancellationTokenSource _timer = new(allowed, time);
    private CancellationTokenSource? _either;

    /// <summary>The caller's own token.</summary>
    public CancellationToken Caller => caller;

    /// <summary>Cancelled when the time is over, or by the caller.</summary>
    public CancellationToken Token =>
        (_either ??= CancellationTokenSource.CreateLinkedTokenSource(caller, _timer.Token)).Token;

    /// <summary>Waits for a slot, then starts the time again.</summary>
    /// <returns>True.</returns>
    public async Task<bool> WaitAsync(SemaphoreSlim slot)
    {
        if (slot.Wait(0, CancellationToken.None))
            return true;
        _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        await slot.WaitAsync(caller);
        _timer.CancelAfter(allowed);
        return true;
    }

    public void Dispose()
    {
        _either?.Dispose();
        _timer.Dispose();
    }
}
