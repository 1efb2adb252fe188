using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// Sums the submissions of one list. Inputs that moved to another submission count as planned where they were planned,
/// and as posted where Nimble first accepted them.
/// </summary>
/// <param name="now">The time, UTC: a POST without an answer is overdue after a while.</param>
internal sealed class SubmissionSums(DateTimeOffset now)
{
    // Submissions of which Nimble accepted no input, here or before. Inputs move only from submissions that will not be
    // posted any more, so the many that may still be posted are not kept.
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    /// <summary>The sums so far.</summary>
    public LedgerCounts Counts { get; private set; } = LedgerCounts.None;

    /// <summary>
    /// Adds a submission. Call it in order of sequence, so that a repeat comes after what it repeats.
    /// </summary>
    public void Add(SubmissionEntry submission, OutcomeCounts outcomes)
    {
        var isNew = submission.RepeatOf is not { } origin || _refused.Contains(origin);
        var accepted = submission.AcceptedAt is null ? 0 : submission.Count;
        if (isNew && accepted == 0 && submission.State is SubmissionState.Refused or SubmissionState.Closed)
            _refused.Add(submission.SubmissionId);
        Counts += new LedgerCounts(
            submission.RepeatOf is null ? submission.Count : 0,
            isNew ? accepted : 0,
            isNew ? 0 : accepted,
            IsUnanswered(submission) ? submission.Count : 0,
            outcomes.Records,
            outcomes.Failures,
            IsLookedFor(submission) ? submission.Count : 0);
    }

    /// <summary>A copy of the sums so far, to continue at a later time.</summary>
    public SubmissionSums CopyAt(DateTimeOffset later)
    {
        var copy = new SubmissionSums(later) { Counts = Counts };
        copy._refused.UnionWith(_refused);
        return copy;
    }

    private static bool IsLookedFor(SubmissionEntry submission) =>
        submission is { State: SubmissionState.Unknown, LostSince: not null };

    private bool IsUnanswered(SubmissionEntry submission) =>
        (submission.State == SubmissionState.Unknown && !IsLookedFor(submission))
        || (submission.State == SubmissionState.Posting && submission.PostedAt <= now - LedgerCounts.AnswerTakes);
}
