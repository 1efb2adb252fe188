using Pipeline.Concurrency;
using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>The progress of one or more lists.</summary>
/// <param name="Inputs">Number of inputs planned so far.</param>
/// <param name="Posted">Number of inputs in submissions that Nimble accepted.</param>
/// <param name="Unanswered">
/// Number of inputs in a POST whose answer is overdue, or does not say whether Nimble accepted it.
/// </param>
/// <param name="Records">Number of inputs with a record.</param>
/// <param name="Failures">Number of inputs with a failure.</param>
internal sealed record LedgerCounts(long Inputs, long Posted, long Unanswered, long Records, long Failures)
{
    /// <summary>The usual time of a POST. A POST counts as unanswered only after this time.</summary>
    public static readonly TimeSpan AnswerTakes = TimeSpan.FromSeconds(4);

    /// <summary>All counts are zero.</summary>
    public static readonly LedgerCounts None = new(0, 0, 0, 0, 0);

    /// <summary>
    /// Returns what one submission adds to the counts of its list. Inputs that moved to it count in the submission in
    /// which they were planned.
    /// </summary>
    public static LedgerCounts Of(SubmissionEntry submission, OutcomeCounts outcomes, DateTimeOffset now) => new(
        submission.RepeatOf is null ? submission.Count : 0,
        submission.AcceptedAt is null || submission is { RepeatOf: not null, Attempt: > 1 } ? 0 : submission.Count,
        IsUnanswered(submission, now) ? submission.Count : 0,
        outcomes.Records,
        outcomes.Failures);

    /// <summary>Number of inputs with a record or a failure.</summary>
    public long Finished => Records + Failures;

    private static bool IsUnanswered(SubmissionEntry submission, DateTimeOffset now) =>
        submission.State == SubmissionState.Unknown
        || (submission.State == SubmissionState.Posting && submission.PostedAt <= now - AnswerTakes);

    public static LedgerCounts operator +(LedgerCounts a, LedgerCounts b) =>
        new(
            a.Inputs + b.Inputs, a.Posted + b.Posted, a.Unanswered + b.Unanswered, a.Records + b.Records,
            a.Failures + b.Failures);
}

/// <summary>Reads the progress of lists.</summary>
internal interface ILedgerCounts
{
    /// <summary>Returns the sums over the lists. An unknown list counts as zero.</summary>
    Task<LedgerCounts> CountAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken);
}

/// <summary>Counts from the rows of submissions, for ledgers that charge for each row read.</summary>
internal sealed class SubmissionCounts(ILedger ledger, TimeProvider time) : ILedgerCounts
{
    private readonly PacedReads<LedgerCounts> _lists = new(time);

    /// <inheritdoc/>
    public async Task<LedgerCounts> CountAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var total = LedgerCounts.None;
        foreach (var listId in listIds)
            total += await _lists.GetAsync(listId, () => CountAsync(listId), cancellationToken);
        return total;
    }

    private async Task<LedgerCounts> CountAsync(string listId)
    {
        var total = LedgerCounts.None;
        await foreach (var (submission, outcomes) in ledger.GetLiveSubmissionsAsync(listId, CancellationToken.None))
            total += LedgerCounts.Of(submission, outcomes, time.GetUtcNow());
        return total;
    }
}
