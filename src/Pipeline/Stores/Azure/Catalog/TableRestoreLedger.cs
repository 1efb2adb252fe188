using Azure.Data.Tables;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// The last restore of an account's tables. If you restore them by other means, such as a copy of the account, write
/// this row first: partition <c>restored</c>, key <c>last</c>, times <c>Since</c> and <c>At</c>.
/// </summary>
internal sealed class TableRestoreLedger(AzureAccount account) : IRestoreLedger
{
    // The backup of a restore that has not completed.
    private const string Unfinished = "Unfinished";

    private readonly LedgerTable _rows = new(account.Table(AzureNames.DueTable));

    /// <inheritdoc/>
    public async Task<LedgerRestore?> FindRestoreAsync(CancellationToken cancellationToken) =>
        await GetAsync(cancellationToken) is { } row
            && row.GetDateTimeOffset(nameof(LedgerRestore.Since)) is { } since
            && row.GetDateTimeOffset(nameof(LedgerRestore.At)) is { } at
            ? new(since, at, row.GetString(Unfinished) is not null)
            : null;

    /// <inheritdoc/>
    public Task ForgetRestoreAsync(CancellationToken cancellationToken) =>
        _rows.RemoveAsync(LedgerKeys.RestorePartition, LedgerKeys.RestoreRow, cancellationToken);

    /// <summary>Returns the backup whose restore has not completed; null if there is none.</summary>
    public async Task<string?> FindUnfinishedAsync(CancellationToken cancellationToken) =>
        (await GetAsync(cancellationToken))?.GetString(Unfinished);

    /// <summary>Writes that a restore begins. Nothing is posted until it has completed.</summary>
    public Task BeginRestoreAsync(LedgerRestore restore, string backup, CancellationToken cancellationToken)
    {
        var row = ToRow(restore);
        row[Unfinished] = backup;
        return _rows.PutAsync(row, cancellationToken);
    }

    /// <summary>Writes that a restore has completed.</summary>
    public Task EndRestoreAsync(LedgerRestore restore, CancellationToken cancellationToken) =>
        _rows.PutAsync(ToRow(restore), cancellationToken);

    private Task<TableEntity?> GetAsync(CancellationToken cancellationToken) =>
        _rows.GetAsync(LedgerKeys.RestorePartition, LedgerKeys.RestoreRow, cancellationToken);

    private static TableEntity ToRow(LedgerRestore restore) =>
        new(LedgerKeys.RestorePartition, LedgerKeys.RestoreRow)
        {
            [nameof(restore.Since)] = restore.Since.ToUniversalTime(),
            [nameof(restore.At)] = restore.At.ToUniversalTime(),
        };
}
