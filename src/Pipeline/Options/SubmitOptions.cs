using System.ComponentModel.DataAnnotations;
using Pipeline.Model;

namespace Pipeline.Options;

/// <summary>What becomes of a submission without any evidence that Nimble accepted it.</summary>
public enum UnknownPolicy
{
    /// <summary>Its inputs end as <c>submission_unknown</c>; only an operator posts them again.</summary>
    Hold,

    /// <summary>
    /// It is posted again once bucket, webhooks and whole listings of the API still show nothing after the
    /// quarantine.
    /// </summary>
    RepostWhenProvenAbsent,
}

/// <summary>Submit.</summary>
public sealed class SubmitOptions
{
    /// <summary>
    /// What happens when no evidence of a POST is found. The default holds, since the API promises nothing about
    /// how soon its lists are complete.
    /// </summary>
    public UnknownPolicy Unknown { get; set; } = UnknownPolicy.Hold;

    /// <summary>
    /// How long after the POST absence proves nothing; less than <see cref="SweepOptions.EvidenceWindow"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00")]
    public TimeSpan Quarantine { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Most POSTs of one submission under <see cref="UnknownPolicy.RepostWhenProvenAbsent"/>.</summary>
    [Range(1, 100)]
    public int MaxPosts { get; set; } = 3;

    /// <summary>
    /// How many parts of one submission may be refused for their content while none is accepted, before the rest is
    /// given up: then no single input is the cause.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxRefusals { get; set; } = 64;

    /// <summary>
    /// POSTs of one list at once, fewer than the host takes messages at once; the rest is kept for other lists. Set by the
    /// host, not by the user; the default is for the 32 of the Functions app.
    /// </summary>
    internal int ConcurrencyPerList { get; set; } = 24;
}

/// <summary>Retries of failed inputs. Each is a new task, and each may be billed.</summary>
public sealed class RetryOptions
{
    /// <summary>Most POSTs of one input, the first one included. 1 posts nothing again by itself.</summary>
    [Range(1, 100)]
    [Example("2")]
    public int MaxAttempts { get; set; } = 1;

    /// <summary>Reasons of failures that are worth another task. Empty: all of <see cref="Possible"/>.</summary>
    public IList<string> Reasons { get; } = [];

    /// <summary>
    /// The reasons that can be retried: those about the task or its result. A submission that may have been accepted is
    /// not among them.
    /// </summary>
    internal static readonly IReadOnlyList<string> Possible =
        [.. FailureRemedies.All.Where(remedy => remedy.Retries).Select(remedy => remedy.Reason)];

    /// <summary>Wait between the end of a submission and the retry of its inputs; doubles with each attempt.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00")]
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Largest share of a submission's inputs that is retried automatically. Where more failed, something larger is
    /// wrong.
    /// </summary>
    [Range(0.0, 1.0)]
    public double MaxShare { get; set; } = 0.5;
}
