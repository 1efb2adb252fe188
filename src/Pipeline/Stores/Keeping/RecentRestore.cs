using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores.Keeping;

/// <summary>
/// The last restore of the ledger, for as long as it matters. Reads the ledger at most every ten seconds.
/// </summary>
internal sealed class RecentRestore(IRestoreLedger restores, TimeProvider time)
{
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(10);

    private (LedgerRestore? Restore, DateTimeOffset At) _known = (null, DateTimeOffset.MinValue);

    /// <summary>Returns the restore; null if there was none recently.</summary>
    public async Task<LedgerRestore?> FindAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if ((now - _known.At).Duration() >= KnownFor)
            _known = (await restores.FindRestoreAsync(cancellationToken), now);
        return _known.Restore is { } restore && restore.IsRecent(now) ? restore : null;
    }
}
