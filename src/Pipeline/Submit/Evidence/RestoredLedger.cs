using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores.Keeping;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Guards the POSTs after the ledger was restored from a backup: what it says is planned may have been posted since. So
/// each submission, also of a list that is sent again, is first looked for like one whose POST had no answer. Sweep
/// adopts its batch, or finds that there is none, and then it is posted.
/// </summary>
internal sealed partial class RestoredLedger(
    RecentRestore restores, ILedger ledger, SubmissionDelivery deliveries, IOptions<PipelineOptions> options,
    TimeProvider time, ILogger<RestoredLedger> logger)
{
    /// <summary>Whether a submission may be posted; if not, it is compared first.</summary>
    /// <exception cref="PipelineException">The store waits: the restore has not ended.</exception>
    public async Task<bool> AdmitAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await restores.FindAsync(cancellationToken) is not { } restore)
            return true;
        if (restore.IsUnfinished)
            throw PipelineException.StoreWaits(
                FailureReasons.Unavailable,
                "The ledger is being restored, or its restore was cut short. Run the same 'pipeline restore' again.");
        // Both times: a ledger may be restored again while an earlier restore still matters.
        if (planned.LostSince == restore.Since && planned.LostUntil == restore.At)
            return true;
        var settled = restore.At + options.Value.Sweep.PostingLease;
        var now = time.GetUtcNow();
        var compared = deliveries.AddTo(planned).Compare(
            restore.Since, restore.At, settled > now ? settled : now);
        if (await ledger.UpdateSubmissionAsync(compared, cancellationToken) is not null)
            LogCompared(planned.SubmissionId, restore.Since);
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Submission {SubmissionId} may have been posted after the backup of {Since}. It is looked for at Nimble "
            + "before it is posted.")]
    private partial void LogCompared(string submissionId, DateTimeOffset since);
}
