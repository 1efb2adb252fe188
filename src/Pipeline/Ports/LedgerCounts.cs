using Pipeline.Concurrency;

namespace Pipeline.Ports;

/// <summary>The progress of one or more lists.</summary>
/// <param name="Inputs">Number of inputs planned so far.</param>
/// <param name="Posted">Number of inputs that Nimble accepted, each once.</param>
/// <param name="Resubmitted">Number of times that Nimble accepted one of them again.</param>
/// <param name="Unanswered">
/// Number of inputs in a POST whose answer is overdue, or does not say whether Nimble accepted it.
/// </param>
/// <param name="Records">Number of inputs with a record.</param>
/// <param name="Failures">Number of inputs with a failure.</param>
/// <param name="LookedFor">
/// Number of inputs that are being looked for at Nimble after a restore, because they may have been posted after the
/// backup.
/// </param>
internal sealed record LedgerCounts(
    long Inputs, long Posted, long Resubmitted, long Unanswered, long Records, long Failures, long LookedFor = 0)
{
    /// <summary>The usual time of a POST. A POST counts as unanswered only after this time.</summary>
    public static readonly TimeSpan AnswerTakes = TimeSpan.FromSeconds(4);

    /// <summary>All counts are zero.</summary>
    public static readonly LedgerCounts None = new(0, 0, 0, 0, 0, 0);

    /// <summary>Number of inputs with a record or a failure.</summary>
    public long Finished => Records + Failures;

    public static LedgerCounts operator +(LedgerCounts a, LedgerCounts b) =>
        new(
            a.Inputs + b.Inputs, a.Posted + b.Posted, a.Resubmitted + b.Resubmitted, a.Unanswered + b.Unanswered,
            a.Records + b.Records, a.Failures + b.Failures, a.LookedFor + b.LookedFor);
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
        var sums = new SubmissionSums(time.GetUtcNow());
        await foreach (var (submission, outcomes) in ledger.GetLiveSubmissionsAsync(listId, CancellationToken.None))
            sums.Add(submission, outcomes);
        return sums.Counts;
    }
}
