using System.Security.Cryptography;

namespace Pipeline.Http.Retrying;

/// <summary>How often, and how far apart, a request that is safe to repeat is tried.</summary>
/// <param name="Tries">Requests in all, the first included.</param>
/// <param name="FirstDelay">The upper bound of the first wait; doubles each time.</param>
/// <param name="LongestDelay">The upper bound of every wait. A server that asks for a longer one ends the tries: the caller's caller waits better.</param>
/// <param name="HeaderTimeout">How long one request may take until its response headers are there.</param>
internal sealed record RetryPolicy(int Tries, TimeSpan FirstDelay, TimeSpan LongestDelay, TimeSpan HeaderTimeout)
{
    /// <summary>The wait after a failed try (from 1): between half and the whole of the bound, so that clients do not come back in step.</summary>
    public TimeSpan DelayAfter(int tries)
    {
        var bound = Math.Min(LongestDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(tries - 1, 30)));
        var half = (int)(bound / 2);
        return TimeSpan.FromMilliseconds(half + RandomNumberGenerator.GetInt32(half + 1));
    }
}
