using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Notes in a submission's row why its results are put off, for status. Results are put off one by one, so the row is written at most once a
/// minute and reason; that it could not be written is no reason to stop.
/// </summary>
internal sealed class ResultSetbacks(ILedger ledger, TimeProvider time)
{
    private const int Kept = 10_000;
    private const int Turns = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // After a longer pause, what comes is another outage.
    private static readonly TimeSpan Gap = TimeSpan.FromMinutes(10);

    private readonly AsyncCache<(string Reason, DateTimeOffset At)> _noted = new(Kept);

    /// <summary>Notes that a result could not be had for the moment.</summary>
    /// <param name="submissionId">Whose result it is.</param>
    /// <param name="why">Why.</param>
    /// <param name="until">When it is tried again.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    public async Task NoteAsync(string submissionId, PipelineException why, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_noted.TryGet(submissionId, out var last) && last.Reason == why.Reason && now - last.At < Interval)
            return;
        _noted.Set(submissionId, (why.Reason, now));
        for (var turn = 0; turn < Turns && await ledger.GetSubmissionAsync(submissionId, cancellationToken) is { } submission; turn++)
        {
            var before = submission.ResultSetback;
            var isSame = before?.Reason == why.Reason && now - before.Until < Gap;
            var noted = new Setback
            {
                Reason = why.Reason,
                Message = why.Message,
                Since = isSame ? before!.Since : now,
                Until = until > now + Interval ? until : now + Interval,
            };
            if (await ledger.UpdateSubmissionAsync(submission with { ResultSetback = noted }, cancellationToken) is not null)
                return;
        }
    }
}
