using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Records in a submission's row why its results are postponed, for status reports. Results are postponed one by one,
/// so the row is written at most once per minute and reason. A lost update is not an error.
/// </summary>
internal sealed class ResultSetbacks(ILedger ledger, TimeProvider time)
{
    private const int MaxSubmissions = 10_000;
    private const int MaxAttempts = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // After a longer gap, the same reason counts as a new outage.
    private static readonly TimeSpan MaxGap = TimeSpan.FromMinutes(10);

    private readonly AsyncCache<(string Reason, DateTimeOffset At)> _recorded = new(MaxSubmissions);

    /// <summary>Records that a result is not available for now.</summary>
    /// <param name="submissionId">The submission that the result belongs to.</param>
    /// <param name="cause">Why it is not available.</param>
    /// <param name="until">Time of the next attempt, UTC.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    public async Task NoteAsync(
        string submissionId, PipelineException cause, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_recorded.TryGet(submissionId, out var last) && last.Reason == cause.Reason && now - last.At < Interval)
            return;
        _recorded.Set(submissionId, (cause.Reason, now));
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await ledger.GetSubmissionAsync(submissionId, cancellationToken) is not { } submission)
                return;
            var updated = submission with { ResultSetback = Next(submission.ResultSetback, cause, now, until) };
            if (await ledger.UpdateSubmissionAsync(updated, cancellationToken) is not null)
                return;
        }
    }

    private static Setback Next(Setback? before, PipelineException cause, DateTimeOffset now, DateTimeOffset until) =>
        new()
    {
        Reason = cause.Reason,
        Message = cause.Message,
        Since = before?.Reason == cause.Reason && now - before.Until < MaxGap ? before.Since : now,
        Until = until > now + Interval ? until : now + Interval,
    };
}
