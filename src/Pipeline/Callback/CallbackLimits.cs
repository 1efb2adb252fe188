using System.Threading.RateLimiting;

namespace Pipeline.Callback;

/// <summary>
/// Rate limits for task ids from webhooks: one per submission and one in total. Every webhook counts as at least one
/// id. A third limit covers webhooks with a wrong token. The limit per submission is checked first, so a leaked token
/// cannot use up the total. It is checked only for valid tokens, so nobody can fill memory with invented submissions.
/// </summary>
/// <param name="perSubmission">Task ids per minute of one submission, and as many at once.</param>
/// <param name="perSecond">Task ids per second of all submissions in this process, and as many at once.</param>
/// <param name="wrongPerSecond">Wrong tokens per second in this process that are logged and answered 401.</param>
internal sealed class CallbackLimits(
    int perSubmission = CallbackLimits.PerSubmission,
    int perSecond = CallbackLimits.PerSecondInAll,
    int wrongPerSecond = CallbackLimits.WrongPerSecond) : IDisposable
{
    // These are constants because a webhook over a limit costs nothing: it is answered 429, and Sweep finds the
    // results.
    // Three webhooks for each of the 1,000 tasks that a submission may have.
    private const int PerSubmission = 3000;

    // More than one process can queue in a second.
    private const int PerSecondInAll = 5000;

    // Enough to see an attack in the log, too few to fill it.
    private const int WrongPerSecond = 20;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<string> _perSubmission =
        PartitionedRateLimiter.Create<string, string>(submission =>
        RateLimitPartition.GetTokenBucketLimiter(submission, _ => PerMinute(perSubmission)));

    private readonly TokenBucketRateLimiter _total = new(PerSecond(perSecond));
    private readonly TokenBucketRateLimiter _wrongTokens = new(PerSecond(wrongPerSecond));

    /// <summary>Maximum number of task ids in one webhook.</summary>
    public int MaxIds { get; } = Math.Min(perSubmission, perSecond);

    /// <summary>Whether the limits allow a webhook with a valid token to report this many ids.</summary>
    /// <param name="submissionId">The submission.</param>
    /// <param name="ids">Number of ids, at most <see cref="MaxIds"/>.</param>
    public bool Admits(string submissionId, int ids)
    {
        using var perSubmission = _perSubmission.AttemptAcquire(submissionId, ids);
        if (!perSubmission.IsAcquired)
            return false;
        using var total = _total.AttemptAcquire(ids);
        return total.IsAcquired;
    }

    /// <summary>Whether the limit allows another webhook with a wrong token, which is then logged.</summary>
    public bool AdmitsWrong()
    {
        using var lease = _wrongTokens.AttemptAcquire();
        return lease.IsAcquired;
    }

    public void Dispose()
    {
        _perSubmission.Dispose();
        _total.Dispose();
        _wrongTokens.Dispose();
    }

    private static TokenBucketRateLimiterOptions PerSecond(int permits) =>
        new() { TokenLimit = permits, TokensPerPeriod = permits, ReplenishmentPeriod = Second };

    private static TokenBucketRateLimiterOptions PerMinute(int permits) =>
        new()
        {
            TokenLimit = permits,
            TokensPerPeriod = Math.Max(1, permits / 60),
            ReplenishmentPeriod = permits < 60 ? TimeSpan.FromMinutes(1) / permits : Second,
        };
}
