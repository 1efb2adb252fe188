using Pipeline.Model;

namespace Pipeline.Options;

/// <summary>What to do about a submission without evidence that Nimble accepted it.</summary>
public enum UnknownPolicy
{
    /// <summary>Fails its inputs with <c>submission_unknown</c>; only an operator posts them again.</summary>
    Hold,

    /// <summary>
    /// Posts it again if bucket, webhooks and complete listings of the API still show nothing after the quarantine.
    /// </summary>
    RepostWhenProvenAbsent,
}

/// <summary>Settings of Submit: what to do when Nimble does not answer, or refuses.</summary>
public sealed class SubmitOptions : ISettings
{
    /// <summary>
    /// What to do when no evidence of a POST is found. The default is to hold, because the API does not promise how
    /// soon its lists are complete.
    /// </summary>
    public UnknownPolicy Unknown { get; set; } = UnknownPolicy.Hold;

    /// <summary>
    /// Time after the POST during which absence proves nothing; shorter than <see cref="SweepOptions.EvidenceWindow"/>.
    /// </summary>
    [Range<TimeSpan>("00:00:00", "7.00:00:00")]
    public TimeSpan Quarantine { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Maximum number of POSTs of a submission under <see cref="UnknownPolicy.RepostWhenProvenAbsent"/>.
    /// </summary>
    [Range<int>("1", "100")]
    public int MaxPosts { get; set; } = 3;

    /// <summary>
    /// Number of parts of a submission that may be refused for their content while none is accepted. Then the rest
    /// fails too, because no single input is the cause.
    /// </summary>
    [Range<int>("1", "10000")]
    public int MaxRefusals { get; set; } = 64;

    /// <summary>
    /// POSTs of one list at once, fewer than the host takes messages at once; the rest is kept for other lists. Set by
    /// the host, not by the user; the default is for the 32 of the Functions app.
    /// </summary>
    internal int ConcurrencyPerList { get; set; } = 24;
}

/// <summary>Settings of automatic retries. Each retry is a new task that may be billed.</summary>
public sealed class RetryOptions : ISettings
{
    /// <summary>Maximum number of POSTs of an input, the first one included. 1 disables automatic retries.</summary>
    [Range<int>("1", "100")]
    [Example("2")]
    public int MaxAttempts { get; set; } = 1;

    /// <summary>Reasons of failures to retry. Empty: all of <see cref="Possible"/>.</summary>
    public IList<string> Reasons { get; } = [];

    /// <summary>
    /// The reasons that can be retried: those that concern the task or its result. A submission that may have been
    /// accepted is never retried.
    /// </summary>
    internal static readonly IReadOnlyList<string> Possible =
        [.. FailureRemedies.All.Where(remedy => remedy.Retries).Select(remedy => remedy.Reason)];

    /// <summary>Wait between the end of a submission and the retry of its inputs; doubles with each retry.</summary>
    [Range<TimeSpan>("00:00:00", "7.00:00:00")]
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Largest share of a submission's inputs that is retried. If more failed, the cause is not in single inputs.
    /// </summary>
    [Range<double>("0.0", "1.0")]
    public double MaxShare { get; set; } = 0.5;
}
