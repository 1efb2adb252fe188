using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Json;
using Pipeline.Model.Schedules;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>Schedules in Azure Table Storage, all in one partition of the index.</summary>
internal sealed class TableScheduleLedger(AzureAccount account) : IScheduleLedger
{
    private const string Json = "Json";

    private readonly LedgerTable _rows = new(account.Table(AzureNames.DueTable));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredSchedule>> GetSchedulesAsync(CancellationToken cancellationToken) =>
        await _rows.GetRangeAsync(LedgerKeys.SchedulePartition, "-", "~", null, cancellationToken)
            .Select(row => new StoredSchedule(
                JsonSerializer.Deserialize(row.GetString(Json), PipelineJson.Plain.ScheduleEntry)!,
                row.ETag.ToString()))
            .ToListAsync(cancellationToken);

    /// <inheritdoc/>
    public Task PutScheduleAsync(ScheduleEntry schedule, CancellationToken cancellationToken) =>
        _rows.PutAsync(RowOf(schedule), cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> UpdateScheduleAsync(StoredSchedule schedule, CancellationToken cancellationToken) =>
        await _rows.ReplaceAsync(RowOf(schedule.Entry), schedule.Version, cancellationToken) is not null;

    /// <inheritdoc/>
    public async Task<bool> RemoveScheduleAsync(string name, CancellationToken cancellationToken)
    {
        if (await _rows.GetAsync(LedgerKeys.SchedulePartition, name, cancellationToken) is null)
            return false;
        await _rows.RemoveAsync(LedgerKeys.SchedulePartition, name, cancellationToken);
        return true;
    }

    private static TableEntity RowOf(ScheduleEntry schedule) => new(LedgerKeys.SchedulePartition, schedule.Name)
    {
        [Json] = JsonSerializer.Serialize(schedule, PipelineJson.Plain.ScheduleEntry),
    };
}
