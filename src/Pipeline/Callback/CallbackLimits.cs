using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Pipeline.Callback;

/// <summary>
/// How many task ids are taken from webhooks, at least one of each: so many for one submission, so many in all, and, apart from those, so many webhooks
/// with a wrong token. The first limit is asked first, so that one token that leaked cannot use up what is for all; and only for right tokens, so that
/// nobody can make up submissions to remember.
/// </summary>
internal sealed class CallbackLimits(IOptions<PipelineOptions> options) : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<string> _perSubmission = PartitionedRateLimiter.Create<string, string>(submission =>
        RateLimitPartition.GetTokenBucketLimiter(submission, _ => PerMinute(options.Value.Callback.MaxPerSubmission)));

    private readonly TokenBucketRateLimiter _total = new(PerSecond(options.Value.Callback.MaxPerSecond));
    private readonly TokenBucketRateLimiter _wrong = new(PerSecond(options.Value.Callback.MaxWrongPerSecond));

    /// <summary>The most ids that one webhook may name.</summary>
    public int MaxIds { get; } = Math.Min(options.Value.Callback.MaxPerSubmission, options.Value.Callback.MaxPerSecond);

    /// <summary>Whether so many ids are taken from a webhook with a right token.</summary>
    /// <param name="submissionId">The submission.</param>
    /// <param name="ids">At most <see cref="MaxIds"/>.</param>
    public bool Admits(string submissionId, int ids)
    {
        using var own = _perSubmission.AttemptAcquire(submissionId, ids);
        if (!own.IsAcquired)
            return false;
        using var all = _total.AttemptAcquire(ids);
        return all.IsAcquired;
    }

    /// <summary>Whether a wrong token is worth a line in the log.</summary>
    public bool AdmitsWrong()
    {
        using var lease = _wrong.AttemptAcquire();
        return lease.IsAcquired;
    }

    public void Dispose()
    {
        _perSubmission.Dispose();
        _total.Dispose();
        _wrong.Dispose();
    }

    private static TokenBucketRateLimiterOptions PerSecond(int permits) => new() { TokenLimit = permits, TokensPerPeriod = permits, ReplenishmentPeriod = Second };

    private static TokenBucketRateLimiterOptions PerMinute(int permits) =>
        new() { TokenLimit = permits, TokensPerPeriod = Math.Max(1, permits / 60), ReplenishmentPeriod = permits < 60 ? TimeSpan.FromMinutes(1) / permits : Second };
}
