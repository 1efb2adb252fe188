namespace Pipeline.Ports.Ledgers;

/// <summary>A ledger that was restored.</summary>
/// <param name="Since">Time after which POSTs may be missing in it, UTC: usually when the backup began.</param>
/// <param name="At">When it was restored, UTC.</param>
/// <param name="IsUnfinished">Whether the restore is in progress or was interrupted: rows may be missing.</param>
internal sealed record LedgerRestore(DateTimeOffset Since, DateTimeOffset At, bool IsUnfinished = false)
{
    /// <summary>How long Nimble may keep results. Later there is nothing left to look for.</summary>
    public static readonly TimeSpan Matters = TimeSpan.FromDays(7);

    /// <summary>Whether the restore still matters.</summary>
    public bool IsRecent(DateTimeOffset now) => IsUnfinished || now - At < Matters;
}

/// <summary>Remembers in a ledger that it was restored.</summary>
/// <remarks>If the store is unavailable, methods throw a transient exception.</remarks>
internal interface IRestoreLedger
{
    /// <summary>Returns the last restore; null if there was none, or an operator ended its search.</summary>
    Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken);

    /// <summary>Forgets the restore: submissions are posted without a search.</summary>
    Task ForgetRestoreAsync(CancellationToken cancellationToken);
}
