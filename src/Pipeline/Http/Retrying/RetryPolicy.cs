using System.Security.Cryptography;

namespace Pipeline.Http.Retrying;

/// <summary>How often, and at what intervals, a safe request is retried.</summary>
/// <param name="Tries">Maximum number of attempts, the first included.</param>
/// <param name="FirstDelay">Upper bound of the first wait; it doubles each time.</param>
/// <param name="LongestDelay">
/// Upper bound of every wait. If a server asks for a longer one, the attempts end, because the caller can postpone the
/// work.
/// </param>
/// <param name="HeaderTimeout">Maximum time from a request to its response headers.</param>
internal sealed record RetryPolicy(int Tries, TimeSpan FirstDelay, TimeSpan LongestDelay, TimeSpan HeaderTimeout)
{
    /// <summary>
    /// The wait after a failed attempt (from 1): half of the bound to all of it at random, so that clients do not
    /// return in step.
    /// </summary>
    public TimeSpan DelayAfter(int tries)
    {
        var bound = Math.Min(
            LongestDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(tries - 1, 30)));
        var half = (int)(bound / 2);
        return TimeSpan.FromMilliseconds(half + RandomNumberGenerator.GetInt32(half + 1));
    }
}
