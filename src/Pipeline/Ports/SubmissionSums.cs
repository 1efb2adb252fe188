using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// Sums the submissions of one list. Inputs that moved to another submission count as planned where they were planned,
/// and as posted where Nimble first accepted them.
/// </summary>
/// <param name="now">The time, UTC: a POST without an answer is overdue after a while.</param>
internal sealed class SubmissionSums(DateTimeOffset now)
{
    // Those of which Nimble accepted no input, here or before. Inputs move only from submissions that nobody posts any
    // more, so those that may still be posted, of which there may be many, are not kept.
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    /// <summary>The sums so far.</summary>
    public LedgerCounts Counts { get; private set; } = LedgerCounts.None;

    /// <summary>Adds a submission. The order is that of the sequences: a repeat comes after what it repeats.</summary>
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
            outcomes.Failures);
    }

    /// <summary>The sums so far, to go on with at another time.</summary>
    public SubmissionSums CopyAt(DateTimeOffset later)
    {
        var copy = new SubmissionSums(later) { Counts = Counts };
        copy._refused.UnionWith(_refused);
        return copy;
    }

    private bool IsUnanswered(SubmissionEntry submission) =>
        submission.State == SubmissionState.Unknown
        || (submission.State == SubmissionState.Posting && submission.PostedAt <= now - LedgerCounts.AnswerTakes);
}
