namespace Pipeline.Nimble.Replies;

/// <summary>How long one reply may take. The time stands still while the reply waits for others.</summary>
/// <param name="allowed">Until it is there; again after each wait for others.</param>
/// <param name="time">The clock.</param>
/// <param name="caller">Ends everything.</param>
internal sealed class ReplyTime(TimeSpan allowed, TimeProvider time, CancellationToken caller) : IDisposable
{
    private readonly CancellationTokenSource _timer = new(allowed, time);
    private CancellationTokenSource? _either;

    /// <summary>The caller's own.</summary>
    public CancellationToken Caller => caller;

    /// <summary>Canceled when the time is over, or by the caller.</summary>
    public CancellationToken Token =>
        (_either ??= CancellationTokenSource.CreateLinkedTokenSource(caller, _timer.Token)).Token;

    /// <summary>Waits for a slot, and then has all its time again.</summary>
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
