using Pipeline.Ports;

namespace Pipeline.Ledger;

/// <summary>How far lists are.</summary>
/// <param name="Inputs">Planned so far.</param>
/// <param name="Posted">Of those, in submissions that Nimble accepted.</param>
/// <param name="Unanswered">Of those, in a POST that has had no answer, or none that tells whether Nimble accepted it.</param>
/// <param name="Records">Of those, with a record.</param>
/// <param name="Failures">Of those, with a failure.</param>
internal sealed record LedgerCounts(long Inputs, long Posted, long Unanswered, long Records, long Failures)
{
    /// <summary>Those with an outcome.</summary>
    public long Finished => Records + Failures;

    public static LedgerCounts operator +(LedgerCounts a, LedgerCounts b) =>
        new(a.Inputs + b.Inputs, a.Posted + b.Posted, a.Unanswered + b.Unanswered, a.Records + b.Records, a.Failures + b.Failures);
}

/// <summary>Tells how far lists are.</summary>
internal interface ILedgerCounts
{
    /// <summary>The sums over some lists; one that is not known counts nothing.</summary>
    Task<LedgerCounts> CountAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken);
}

/// <summary>Counts whole submissions, for a ledger where every row that is read is paid for: what became of an input counts once its submission is closed.</summary>
internal sealed class SubmissionCounts(ILedger ledger) : ILedgerCounts
{
    /// <inheritdoc/>
    public async Task<LedgerCounts> CountAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var total = new LedgerCounts(0, 0, 0, 0, 0);
        foreach (var listId in listIds)
            await foreach (var s in ledger.GetSubmissionsAsync(listId, cancellationToken))
                total += new LedgerCounts(
                    s.RepeatOf is null ? s.Count : 0,
                    s.AcceptedAt is null || s is { RepeatOf: not null, Attempt: > 1 } ? 0 : s.Count,
                    s.State is SubmissionState.Posting or SubmissionState.Unknown ? s.Count : 0,
                    s.Records,
                    s.Failures);
        return total;
    }
}
