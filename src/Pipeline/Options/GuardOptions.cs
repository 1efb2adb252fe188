namespace Pipeline.Options;

/// <summary>Settings that limit what is submitted.</summary>
public sealed class GuardOptions : ISettings
{
    /// <summary>
    /// Domains, such as <c>example.com</c>. URLs of them and of their subdomains fail with <c>domain_refused</c>. Read
    /// when a list is planned.
    /// </summary>
    public IList<string> RefusedDomains { get; } = [];

    /// <summary>
    /// Maximum number of URLs posted per list, retries included; the rest fails with <c>budget_exhausted</c>. Null: no
    /// limit.
    /// </summary>
    [Range<long>("1", "9223372036854775807")]
    public long? MaxUrlsPerList { get; set; }

    /// <summary>The same limit as a cost, at <see cref="NimbleOptions.PricePerUrl"/> per URL. Null: no limit.</summary>
    [Range<decimal>("0", "1000000000", MinimumIsExclusive = true)]
    public decimal? MaxCostPerList { get; set; }

    /// <summary>
    /// Maximum number of URLs posted per day, in UTC, by all processes on one ledger; the rest waits for the next day.
    /// Null: no limit.
    /// </summary>
    [Range<long>("1", "9223372036854775807")]
    public long? MaxUrlsPerDay { get; set; }

    /// <summary>The same limit as a cost, at <see cref="NimbleOptions.PricePerUrl"/> per URL. Null: no limit.</summary>
    [Range<decimal>("0", "1000000000", MinimumIsExclusive = true)]
    public decimal? MaxCostPerDay { get; set; }

    /// <summary>
    /// Number of inputs of a list submitted first; the rest wait for their outcome. 0 disables. Read when a list is
    /// planned.
    /// </summary>
    [Range<int>("0", "1000")]
    [Example("20")]
    public int Canary { get; set; }

    /// <summary>Share of the canary that must become records, else the rest fails with <c>canary_failed</c>.</summary>
    [Range<double>("0.0", "1.0", MinimumIsExclusive = true)]
    public double CanaryShare { get; set; } = 0.8;
}
