namespace Pipeline.Http.Limits;

/// <summary>Time limits of a connection.</summary>
/// <param name="Stall">Maximum wait for response headers and for each read of a body.</param>
/// <param name="LeastRate">
/// Minimum average rate of a body, bytes per second, after <paramref name="Stall"/> has passed. It also limits the time
/// for a request body.
/// </param>
/// <param name="Total">Maximum time for a whole body, whatever its rate.</param>
internal sealed record TimeLimits(TimeSpan Stall, long LeastRate, TimeSpan Total)
{
    /// <summary>Maximum time from a request with a body of this size to its response headers.</summary>
    public TimeSpan ForRequest(long? bytes) =>
        Min(Total, bytes is { } known ? Stall + TimeSpan.FromSeconds(known / (double)LeastRate) : Total);

    /// <summary>Maximum time for the next read of a body.</summary>
    /// <param name="bytes">Number of bytes read so far.</param>
    /// <param name="elapsed">Time since the body was opened.</param>
    public TimeSpan ForRead(long bytes, TimeSpan elapsed)
    {
        var due = Min(Total, Stall + TimeSpan.FromSeconds(bytes / (double)LeastRate));
        return Min(Stall, due - elapsed);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
