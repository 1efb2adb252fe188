using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Json;
using Pipeline.Model.Actions;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>Actions in Azure Table Storage, all in one partition of the index.</summary>
internal sealed class TableActionLedger(AzureAccount account) : IActionLedger
{
    private const int MaxRemoved = 100;
    private const string Json = "Json";
    private const string ListId = "ListId";

    private readonly LedgerTable _rows = new(account.Table(AzureNames.DueTable));

    /// <inheritdoc/>
    public async Task<ActionEntry?> FindActionAsync(string subject, CancellationToken cancellationToken) =>
        await _rows.GetAsync(LedgerKeys.ActionPartition, subject, cancellationToken) is { } row
            ? JsonSerializer.Deserialize(LedgerText.Get(row, Json)!, PipelineJson.Plain.ActionEntry)
            : null;

    /// <inheritdoc/>
    public async Task BeginActionAsync(ActionEntry action, CancellationToken cancellationToken)
    {
        var old = _rows.GetOlderAsync(
            LedgerKeys.ActionPartition, nameof(action.UpdatedAt), action.UpdatedAt - IActionLedger.Kept,
            cancellationToken);
        await foreach (var row in old.Take(MaxRemoved).WithCancellation(cancellationToken))
            await _rows.RemoveAsync(LedgerKeys.ActionPartition, row.RowKey, cancellationToken, row.ETag);
        await _rows.PutAsync(ToRow(action), cancellationToken);
    }

    /// <inheritdoc/>
    public Task UpdateActionAsync(ActionEntry action, CancellationToken cancellationToken) =>
        _rows.MergeAsync(ToRow(action), cancellationToken);

    private static TableEntity ToRow(ActionEntry action)
    {
        var row = new TableEntity(LedgerKeys.ActionPartition, action.Subject)
        {
            [nameof(action.UpdatedAt)] = action.UpdatedAt.ToUniversalTime(),
            // With this name, an erasure finds all rows about a list.
            [ListId] = action.Subject,
        };
        LedgerText.Put(row, Json, JsonSerializer.Serialize(action, PipelineJson.Plain.ActionEntry));
        return row;
    }
}
