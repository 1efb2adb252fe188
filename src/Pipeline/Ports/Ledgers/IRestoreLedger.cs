namespace Pipeline.Ports.Ledgers;

/// <summary>A ledger that was restored.</summary>
/// <param name="Since">When the backup began, UTC. What happened later is not in the ledger.</param>
/// <param name="At">When it was restored, UTC.</param>
internal sealed record LedgerRestore(DateTimeOffset Since, DateTimeOffset At);

/// <summary>Remembers in a ledger that it was restored.</summary>
/// <remarks>If the store is unavailable, methods throw a transient exception.</remarks>
internal interface IRestoreLedger
{
    /// <summary>Returns the last restore; null if there was none, or an operator said that all is well.</summary>
    Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken);

    /// <summary>Forgets the restore: submissions are posted without a look.</summary>
    Task ForgetRestoreAsync(CancellationToken cancellationToken);
}
