namespace Pipeline.Ports.Ledgers;

/// <summary>A ledger that was restored.</summary>
/// <param name="Since">From when on it may not know what was posted, UTC: mostly when the backup began.</param>
/// <param name="At">When it was restored, UTC.</param>
/// <param name="IsUnfinished">Whether the restore goes on, or was cut short: rows may be missing.</param>
internal sealed record LedgerRestore(DateTimeOffset Since, DateTimeOffset At, bool IsUnfinished = false)
{
    /// <summary>As long as Nimble may keep results: later there is nothing that could be looked for.</summary>
    public static readonly TimeSpan Matters = TimeSpan.FromDays(7);

    /// <summary>Whether the restore still matters.</summary>
    public bool IsRecent(DateTimeOffset now) => IsUnfinished || now - At < Matters;
}

/// <summary>Remembers in a ledger that it was restored.</summary>
/// <remarks>If the store is unavailable, methods throw a transient exception.</remarks>
internal interface IRestoreLedger
{
    /// <summary>Returns the last restore; null if there was none, or an operator said that all is well.</summary>
    Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken);

    /// <summary>Forgets the restore: submissions are posted without a look.</summary>
    Task ForgetRestoreAsync(CancellationToken cancellationToken);
}
