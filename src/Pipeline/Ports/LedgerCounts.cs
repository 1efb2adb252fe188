using Pipeline.Concurrency;
using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>How far lists are.</summary>
/// <param name="Inputs">Planned so far.</param>
/// <param name="Posted">Of those, in submissions that Nimble accepted.</param>
/// <param name="Unanswered">Of those, in a POST whose answer is overdue, or does not say whether Nimble accepted it.</param>
/// <param name="Records">Of those, with a record.</param>
/// <param name="Failures">Of those, with a failure.</param>
internal sealed record LedgerCounts(long Inputs, long Posted, long Unanswered, long Records, long Failures)
{
    /// <summary>How long a POST usually takes; until then it is simply under way.</summary>
    public static readonly TimeSpan AnswerTakes = TimeSpan.FromSeconds(4);

    /// <summary>Nothing counted.</summary>
    public static readonly LedgerCounts None = new(0, 0, 0, 0, 0);

    /// <summary>What one submission adds to the counts of its list: inputs that it took over count in the one they were planned in.</summary>
    public static LedgerCounts Of(SubmissionEntry submission, OutcomeCounts outcomes, DateTimeOffset now) => new(
        submission.RepeatOf is null ? submission.Count : 0,
        submission.AcceptedAt is null || submission is { RepeatOf: not null, Attempt: > 1 } ? 0 : submission.Count,
        IsUnanswered(submission, now) ? submission.Count : 0,
        outcomes.Records,
        outcomes.Failures);

    /// <summary>Those with an outcome.</summary>
    public long Finished => Records + Failures;

    private static bool IsUnanswered(SubmissionEntry submission, DateTimeOffset now) =>
        submission.State == SubmissionState.Unknown
        || (submission.State == SubmissionState.Posting && submission.PostedAt <= now - AnswerTakes);

    public static LedgerCounts operator +(LedgerCounts a, LedgerCounts b) =>
        new(a.Inputs + b.Inputs, a.Posted + b.Posted, a.Unanswered + b.Unanswered, a.Records + b.Records, a.Failures + b.Failures);
}

/// <summary>Tells how far lists are.</summary>
internal interface ILedgerCounts
{
    /// <summary>The sums over some lists; one that is not known counts nothing.</summary>
    Task<LedgerCounts> CountAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken);
}

/// <summary>Counts from the rows of submissions, for a ledger where every row that is read is paid for.</summary>
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
