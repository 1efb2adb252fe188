using Azure.Data.Tables;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>The shared pause of all processes over one account: one row, whose ETag is its version.</summary>
internal sealed class TablePauseLedger(AzureAccount account) : IPauseLedger
{
    private const string Json = "Json";

    private readonly LedgerTable _rows = new(account.Table(AzureNames.LedgerTable));

    /// <inheritdoc/>
    public async Task<SharedPause> ReadAsync(CancellationToken cancellationToken) =>
        await _rows.GetAsync(LedgerKeys.PacePartition, LedgerKeys.PauseRow, cancellationToken) is { } row
            ? PauseText.Read(LedgerText.Get(row, Json), row.ETag.ToString())
            : SharedPause.None;

    /// <inheritdoc/>
    public async Task<SharedPause?> WriteAsync(SharedPause pause, CancellationToken cancellationToken)
    {
        var row = new TableEntity(LedgerKeys.PacePartition, LedgerKeys.PauseRow);
        LedgerText.Put(row, Json, PauseText.Write(pause));
        if (pause.Version is null && await _rows.AddAsync(row, cancellationToken))
        {
            // An insert returns no ETag here, so the row is read again. Another process may have replaced it since.
            var read = await ReadAsync(cancellationToken);
            return read with { Version = null } == pause ? read : null;
        }

        return pause.Version is { } version
            && await _rows.ReplaceAsync(row, version, cancellationToken) is { } written
            ? pause with { Version = written }
            : null;
    }
}
