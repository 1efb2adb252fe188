using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Guards the POSTs after the ledger was restored from a backup: what it says is planned may have been posted since. So
/// each submission, also of a list that is sent again, is first looked for like one whose POST had no answer. Sweep
/// adopts its batch, or finds that there is none, and then it is posted.
/// </summary>
internal sealed partial class RestoredLedger(
    IRestoreLedger restores, ILedger ledger, SubmissionDelivery deliveries, IOptions<PipelineOptions> options,
    TimeProvider time, ILogger<RestoredLedger> logger)
{
    // As long as Nimble may keep results: later there is nothing that could be adopted.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(10);

    private (LedgerRestore? Restore, DateTimeOffset At) _known = (null, DateTimeOffset.MinValue);

    /// <summary>Whether a submission may be posted; if not, it is compared first.</summary>
    public async Task<bool> AdmitAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is not { } restore || planned.LostSince == restore.Since)
            return true;
        var settled = restore.At + options.Value.Sweep.PostingLease;
        var now = time.GetUtcNow();
        var compared = deliveries.AddTo(planned).Compare(
            restore.Since, restore.At, settled > now ? settled : now);
        if (await ledger.UpdateSubmissionAsync(compared, cancellationToken) is not null)
            LogCompared(planned.SubmissionId, restore.Since);
        return false;
    }

    private async Task<LedgerRestore?> FindAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if ((now - _known.At).Duration() >= KnownFor)
            _known = (await restores.FindRestoreAsync(cancellationToken), now);
        return _known.Restore is { } restore && now - restore.At < Kept ? restore : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Submission {SubmissionId} may have been posted after the backup of {Since}. It is looked for at Nimble "
            + "before it is posted.")]
    private partial void LogCompared(string submissionId, DateTimeOffset since);
}
