using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// The last restore of an account's tables. Whoever restores them by other means, such as a copy of the account, writes
/// this row first: partition <c>restored</c>, key <c>last</c>, times <c>Since</c> and <c>At</c>.
/// </summary>
internal sealed class TableRestoreLedger(AzureAccount account) : IRestoreLedger
{
    private readonly LedgerTable _rows = new(account.Table(AzureNames.DueTable));

    /// <inheritdoc/>
    public async Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken) =>
        await _rows.GetAsync(LedgerKeys.RestorePartition, LedgerKeys.RestoreRow, cancellationToken) is { } row
            && row.GetDateTimeOffset(nameof(LedgerRestore.Since)) is { } since
            && row.GetDateTimeOffset(nameof(LedgerRestore.At)) is { } at
            ? new(since, at)
            : null;

    /// <inheritdoc/>
    public Task ForgetRestoreAsync(CancellationToken cancellationToken) =>
        _rows.RemoveAsync(LedgerKeys.RestorePartition, LedgerKeys.RestoreRow, cancellationToken);
}
