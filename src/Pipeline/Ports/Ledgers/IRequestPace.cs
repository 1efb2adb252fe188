namespace Pipeline.Ports.Ledgers;

/// <summary>
/// The rate limit of Nimble's API, shared by all processes over one ledger. Time is divided into turns, one request
/// each, and a process reserves the next free ones before it sends.
/// </summary>
/// <remarks>
/// Contract: two processes never get the same turn, whatever crashes in between. A process that ends with unused turns
/// wastes them. The clocks of the processes may differ by much less than <see cref="Turns.Furthest"/>; a process whose
/// clock is fast sends that much too early.
/// </remarks>
internal interface IRequestPace
{
    /// <summary>Reserves turns that follow each other.</summary>
    /// <param name="count">Number of turns, at least one.</param>
    /// <param name="interval">Time from one turn to the next.</param>
    /// <param name="now">The time of the caller.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>The time of the first turn, which may have passed.</returns>
    /// <exception cref="Pipeline.Model.PipelineException">Transient: the ledger is unavailable.</exception>
    Task<DateTimeOffset> ReserveAsync(
        int count, TimeSpan interval, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>Which turns are free: a token bucket that holds one second's worth.</summary>
internal static class Turns
{
    /// <summary>
    /// No reservation reaches further into the future, unless a clock was wrong; the bucket then starts over.
    /// </summary>
    public static readonly TimeSpan Furthest = TimeSpan.FromMinutes(5);

    /// <summary>Returns the time of the first of the next turns.</summary>
    /// <param name="free">The first turn that nobody has reserved; null if nobody has reserved any.</param>
    /// <param name="interval">Time from one turn to the next.</param>
    /// <param name="now">The current time.</param>
    public static DateTimeOffset First(DateTimeOffset? free, TimeSpan interval, DateTimeOffset now)
    {
        var burst = TimeSpan.FromSeconds(1) - interval;
        var earliest = burst > TimeSpan.Zero ? now - burst : now;
        return free is { } next && next > earliest && next <= now + Furthest ? next : earliest;
    }
}
