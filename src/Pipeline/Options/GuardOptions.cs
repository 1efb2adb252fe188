using System.ComponentModel.DataAnnotations;

namespace Pipeline.Options;

/// <summary>Guards.</summary>
public sealed class GuardOptions
{
    /// <summary>
    /// Domains, such as <c>example.com</c>, whose URLs end as <c>domain_refused</c>, those of their subdomains too.
    /// Read when a list comes in.
    /// </summary>
    public IList<string> RefusedDomains { get; } = [];

    /// <summary>
    /// Most URLs posted per list, retries included; the rest ends as <c>budget_exhausted</c>. Null: no limit.
    /// </summary>
    [Range(typeof(long), "1", "9223372036854775807")]
    public long? MaxUrlsPerList { get; set; }

    /// <summary>The same as cost, at <see cref="NimbleOptions.PricePerUrl"/> each. Null: no limit.</summary>
    [Range(typeof(decimal), "0", "1000000000", MinimumIsExclusive = true)]
    public decimal? MaxCostPerList { get; set; }

    /// <summary>
    /// Most URLs posted per day, UTC, by everybody who shares the ledger; the rest waits for the next day. Null: no
    /// limit.
    /// </summary>
    [Range(typeof(long), "1", "9223372036854775807")]
    public long? MaxUrlsPerDay { get; set; }

    /// <summary>The same as cost, at <see cref="NimbleOptions.PricePerUrl"/> each. Null: no limit.</summary>
    [Range(typeof(decimal), "0", "1000000000", MinimumIsExclusive = true)]
    public decimal? MaxCostPerDay { get; set; }

    /// <summary>
    /// Number of inputs of a list submitted first; the rest wait for their outcome. 0 disables. Read when a list
    /// comes in.
    /// </summary>
    [Range(0, 1000)]
    [Example("20")]
    public int Canary { get; set; }

    /// <summary>The share of the canary that must become records; else the rest ends as <c>canary_failed</c>.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double CanaryShare { get; set; } = 0.8;
}

/// <summary>
/// Callbacks. What is over a limit is answered 429 and lost without harm: Sweep finds results no webhook reported.
/// Wrong tokens have a limit of their own, so they cannot use up that of right ones.
/// </summary>
public sealed class CallbackOptions
{
    /// <summary>
    /// Task ids a minute from the webhooks of one submission, and as many at once: three times one for each of 1,000 tasks.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxPerSubmission { get; set; } = 3000;

    /// <summary>Task ids a second from the webhooks of all submissions, and as many at once, by one process.</summary>
    [Range(1, 1_000_000)]
    public int MaxPerSecond { get; set; } = 5000;

    /// <summary>
    /// Wrong tokens a second that are logged and answered 401, by one process; more are answered 429.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxWrongPerSecond { get; set; } = 20;
}
