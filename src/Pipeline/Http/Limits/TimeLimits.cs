namespace Pipeline.Http.Limits;

/// <summary>How long the other side of a connection may take.</summary>
/// <param name="Stall">The longest wait for response headers, and for each read of a body.</param>
/// <param name="LeastRate">
/// Bytes a second that a body must bring on average, once <paramref name="Stall"/> has passed. The same rate bounds a request body.
/// </param>
/// <param name="Total">The longest time a whole body may take, whatever its rate.</param>
internal sealed record TimeLimits(TimeSpan Stall, long LeastRate, TimeSpan Total)
{
    /// <summary>How long a request with a body of so many bytes may take until its response headers are there.</summary>
    public TimeSpan ForRequest(long? bytes) => Min(Total, bytes is { } known ? Stall + TimeSpan.FromSeconds(known / (double)LeastRate) : Total);

    /// <summary>How long the next read of a body may take.</summary>
    /// <param name="bytes">What has been read so far.</param>
    /// <param name="elapsed">Time since the body was opened.</param>
    public TimeSpan ForRead(long bytes, TimeSpan elapsed)
    {
        var due = Min(Total, Stall + TimeSpan.FromSeconds(bytes / (double)LeastRate));
        return Min(Stall, due - elapsed);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
