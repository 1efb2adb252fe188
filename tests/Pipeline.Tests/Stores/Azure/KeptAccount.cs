using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Keeping;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>A storage account whose tables are backed up and restored.</summary>
internal static class KeptAccount
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TableLedger Ledger(AzuriteAccount azurite) => new(azurite.Open(), TimeProvider.System);

    /// <summary>Fills every kind of row: one open and one closed list.</summary>
    public static async Task FillAsync(AzuriteAccount azurite)
    {
        using var account = azurite.Open();
        var ledger = new TableLedger(account, TimeProvider.System);
        var list = await ledger.CreateListAsync(Some.List(), Ct);
        await ledger.UpdateListAsync(list with { State = ListState.Open }, Ct);
        var closed = await ledger.CreateListAsync(Some.List("closed"), Ct);
        await ledger.UpdateListAsync(closed with { State = ListState.Closed, ClosedAt = Some.Time }, Ct);
        foreach (var submission in new[] { Some.Submission(), Some.Submission(sequence: 1) with { DueAt = null } })
            await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Ct);
        var inputs = await ledger.GetInputsAsync("list-000000", Ct);
        await ledger.UpdateInputsAsync(
            [Settled(inputs[0], InputState.Recorded), Settled(inputs[1], InputState.Failed)],
            [new("task-1", 0), new("task-2", 1, true)], Ct);
        await ledger.ReserveAsync("list.list", "list-000000.1", 3, 100, Ct);
        await ledger.ReserveAsync("day.2026-03-19", "list-000000.1", 3, 100, Ct);
        await ledger.PutSeriesAsync("prices", [Some.SeriesEntry(1), Some.SeriesEntry(2)], Ct);
        await ledger.AddRunAsync("prices", new("list", Some.Time), Ct);
        await ledger.PinAsync("list", 0, [1, 2, 3], Ct);
        await new TableListOrigins(account).PutOriginAsync("list", "the list"u8.ToArray(), Ct);
        await new TableRequestKeys(account, TimeProvider.System).AddRequestAsync(
            "key", new("hash", "list"), TimeProvider.System.GetUtcNow(), Ct);
        await new TablePauseLedger(account).WriteAsync(new(Some.Time, "no credit", HoldReason.NimbleBudget, "a"), Ct);
        await new TableScheduleLedger(account).PutScheduleAsync(
            new()
            {
                Name = "nightly", Cron = "@daily", TimeZone = "UTC", Source = "azblob://schedules/nightly",
                ListName = "urls.txt", LastListId = "list",
            }, Ct);
        await new TableListCatalog(account, ledger, TimeProvider.System).AddEventAsync(
            new(TimeProvider.System.GetUtcNow(), EventKinds.Submitted, "list", "me", "Submitted."), Ct);
    }

    public static InputEntry Settled(InputEntry input, InputState state) => input with
    {
        State = state, MovedTo = null, Place = state == InputState.Recorded ? new("part", 1, 2) : null,
    };

    public static async Task<MemoryStream> BackUpAsync(AzuriteAccount azurite)
    {
        using var account = azurite.Open();
        var backup = new MemoryStream();
        await new AccountBackup(account, TimeProvider.System).WriteAsync(backup, Ct);
        return backup;
    }

    public static async Task<RestoredAccount> RestoreAsync(
        AzuriteAccount azurite, MemoryStream backup, Uri? tables = null, RestoreChoice choice = default)
    {
        using var account = azurite.Open(tables: tables, change: o => tables is null ? o : o with { MaxTries = 1 });
        backup.Position = 0;
        var queue = new StorageWorkQueue(account, new(account, TimeProvider.System));
        return await new AccountRestore(account, queue, TimeProvider.System).RunAsync(backup, choice, Ct);
    }

    /// <summary>The rows that a backup keeps, without fields that change with each write or are rebuilt.</summary>
    public static async Task<IReadOnlyList<string>> KeptAsync(AzuriteAccount azurite)
    {
        using var account = azurite.Open();
        var lines = new List<string>();
        foreach (var name in new[] { AzureNames.LedgerTable, AzureNames.DueTable })
        {
            var table = account.Table(name);
            await foreach (var row in table.ReadAsync(
                t => t.QueryAsync<TableEntity>(cancellationToken: Ct), Ct))
            {
                if (row.PartitionKey is "restored" or "due" or "erased" or "lists" or "closed"
                    || row.RowKey.StartsWith('c') || (row.PartitionKey.StartsWith("list.", StringComparison.Ordinal)
                    && row.RowKey.StartsWith('s')))
                    continue;
                row.Remove(LedgerEntities.DueRow);
                if (row.GetString("State") == nameof(SubmissionState.Planned))
                    row.Remove("DueAt");
                var line = new System.Buffers.ArrayBufferWriter<byte>();
                RowText.Write(line, row);
                lines.Add(System.Text.Encoding.UTF8.GetString(line.WrittenSpan));
            }
        }

        return lines;
    }
}
