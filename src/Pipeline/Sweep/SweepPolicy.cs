using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Sweep;

/// <summary>When Sweep checks a submission, and when it gives one up: all windows and deadlines.</summary>
internal sealed class SweepPolicy(IOptions<PipelineOptions> options, TimeProvider time)
{
    private const double Growth = 1.5;
    private const int MostGrowths = 20;

    /// <summary>The current time.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>How long to look for evidence of a POST.</summary>
    public TimeSpan EvidenceWindow => Sweep.EvidenceWindow;

    /// <summary>The longest life of a task.</summary>
    public TimeSpan TaskDeadline => Sweep.TaskDeadline;

    /// <summary>
    /// How long Collect may take for a result that is reported now: one deadline later it reads the API's copy.
    /// </summary>
    public TimeSpan CollectTime => (2 * options.Value.Collect.ObjectDeadline) + Sweep.PollInterval;

    private SweepOptions Sweep => options.Value.Sweep;

    /// <summary>When to check again: soon at first, then at growing intervals.</summary>
    public DateTimeOffset NextLook(SubmissionEntry submission)
    {
        var waitsForWebhook = submission is { HasCallback: true, State: SubmissionState.Accepted, CompletedAt: null };
        var first = waitsForWebhook ? Sweep.WebhookGrace : Sweep.PollInterval;
        var spaced = first * Math.Pow(Growth, Math.Min(submission.PollCount, MostGrowths));
        var longest = first > Sweep.MaxPollInterval ? first : Sweep.MaxPollInterval;
        return Now + (spaced < longest ? spaced : longest);
    }

    /// <summary>
    /// When to look once more for evidence of a submission that was given up; null if that time has passed, or there is
    /// nothing to look for.
    /// </summary>
    public DateTimeOffset? NextLateLook(SubmissionEntry submission)
    {
        var next = Now + Sweep.LateInterval;
        return submission.IsUnproven && next < submission.PostedAt + TaskDeadline ? next : null;
    }

    /// <summary>Whether the POST may still get an answer.</summary>
    public bool IsUnderWay(SubmissionEntry submission, DateTimeOffset at) =>
        submission.State == SubmissionState.Posting && at - submission.PostedAt < Sweep.PostingLease;

    /// <summary>Whether the pipeline still waits for evidence of the POST.</summary>
    public bool IsWindowOpen(SubmissionEntry submission, DateTimeOffset at) =>
        at - submission.PostedAt < EvidenceWindow;

    /// <summary>
    /// Whether a search that found nothing is proof enough to post again: the settings ask for it, nothing is in doubt,
    /// the quarantine is over, and an earlier search found nothing either. A search that fails throws and proves
    /// nothing.
    /// </summary>
    public bool IsProvenAbsent(SubmissionEntry submission, string? doubt, DateTimeOffset at) =>
        doubt is null
        && options.Value.Submit is { Unknown: UnknownPolicy.RepostWhenProvenAbsent } submit
        && submission is { State: SubmissionState.Unknown, PollCount: > 0 }
        && submission.Attempt < submit.MaxPosts
        && at - submission.PostedAt >= submit.Quarantine;

    /// <summary>Whether an accepted submission's tasks have outlived their longest life.</summary>
    public bool IsExpired(SubmissionEntry accepted) => Now - accepted.AcceptedAt > TaskDeadline;
}
