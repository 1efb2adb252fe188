namespace Pipeline.Concurrency;

/// <summary>
/// A token that is cancelled some time after a stop was requested, for short steps that belong together.
/// </summary>
internal sealed class StopGrace : IDisposable
{
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenRegistration _stop;

    /// <param name="grace">Time to finish after the stop.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">Cancelled when the host stops.</param>
    public StopGrace(TimeSpan grace, TimeProvider time, CancellationToken stopping)
    {
        var late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        (_late, _stop) = (late, stopping.Register(() => late.CancelAfter(grace)));
    }

    /// <summary>The token of the steps.</summary>
    public CancellationToken Token => _late.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Dispose();
        _late.Dispose();
    }
}
