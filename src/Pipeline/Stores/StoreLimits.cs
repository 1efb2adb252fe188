using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;

namespace Pipeline.Stores;

/// <summary>Time limits of a store, and the number of attempts of a request to it.</summary>
public abstract record StoreLimits
{
    /// <summary>Maximum time without any data, for a request or one read of a body.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Minimum average rate of a body in bytes per second, checked after <see cref="StallTimeout"/>. A slower
    /// connection is closed.
    /// </summary>
    public long LeastRate { get; init; } = 2048;

    /// <summary>Maximum total time of one request, or of reading one body.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Maximum number of times the read of one object resumes on a new connection.</summary>
    public int MaxResumes { get; init; } = 8;

    /// <summary>Maximum number of attempts of one request if the store is overloaded, failing or unreachable.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>Upper bound of the delay before the second attempt. It doubles with each further attempt.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Maximum delay between attempts. If the store asks for more, the request fails and the work is retried later.
    /// </summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(20);

    internal RetryPolicy Policy => new(MaxTries, FirstDelay, LongestDelay, StallTimeout);

    internal TimeLimits Limits => new(StallTimeout, LeastRate, BodyDeadline);
}
