using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Erasing;

/// <summary>Deletes the rows about a list in Azure Table Storage, the list's own row last.</summary>
internal sealed class TableErasure(AzureAccount account, TimeProvider time)
{
    // Partitions of the index whose rows have the list's id as their key, and partitions whose rows hold it as a value.
    private static readonly string[] _namedByKey =
        [LedgerKeys.OpenListsPartition, LedgerKeys.RefusedListsPartition, LedgerKeys.ActionPartition];

    private static readonly string[] _namedByValue =
        [LedgerKeys.ClosedListsPartition, LedgerKeys.EventPartition, LedgerKeys.RequestPartition];

    private readonly AzureResource<TableClient> _ledger = account.Table(AzureNames.LedgerTable);
    private readonly AzureResource<TableClient> _index = account.Table(AzureNames.DueTable);

    /// <summary>Remembers that a list is erased. Returns false if neither list nor erasure is known.</summary>
    public async Task<bool> BeginAsync(string listId, CancellationToken cancellationToken)
    {
        var rows = new LedgerTable(_index);
        var name = ErasedList.NameOf(listId);
        if (await rows.GetAsync(LedgerKeys.ErasedPartition, name, cancellationToken) is not null)
            return true;
        if (await new LedgerTable(_ledger).GetAsync(
            LedgerKeys.ListPartition(listId), LedgerKeys.List, cancellationToken) is null)
            return false;
        await rows.AddAsync(
            new(LedgerKeys.ErasedPartition, name) { ["At"] = time.GetUtcNow() }, cancellationToken);
        return true;
    }

    /// <summary>Deletes the rows.</summary>
    public async Task<ErasedParts> EraseAsync(string listId, CancellationToken cancellationToken)
    {
        var own = await EraseSubmissionsAsync(listId, cancellationToken);
        var others = await EraseLedgerAsync(listId, cancellationToken);
        others += await EraseIndexAsync(listId, cancellationToken);
        others += await EraseListAsync(listId, cancellationToken);
        return own with { Others = own.Others + others };
    }

    /// <summary>
    /// Deletes the rows whose keys follow from the id. Other rows are removed by the process that writes them; see
    /// <see cref="ErasedRows"/>.
    /// </summary>
    public async Task EraseOwnAsync(string listId, CancellationToken cancellationToken)
    {
        await EraseSubmissionsAsync(listId, cancellationToken);
        await EraseAsync(_ledger, BudgetFilter(listId), _ => true, cancellationToken);
        await EraseListAsync(listId, cancellationToken);
        var index = new LedgerTable(_index);
        await index.RemoveAsync(LedgerKeys.OpenListsPartition, listId, cancellationToken);
        await index.RemoveAsync(LedgerKeys.RefusedListsPartition, listId, cancellationToken);
    }

    private async Task<ErasedParts> EraseSubmissionsAsync(string listId, CancellationToken cancellationToken)
    {
        var (submissions, inputs, others) = (0L, 0L, 0L);
        // Ids of submissions begin with the list's id and a hyphen; the next character is a dot.
        await foreach (var row in QueryAsync(
            _ledger, Between("PartitionKey", listId + "-", listId + "."), cancellationToken))
        {
            if (SubmissionIds.ListOf(row.PartitionKey) != listId)
                continue;
            if (row.TryGetValue(LedgerEntities.DueRow, out var due) && due is string key)
                await new LedgerTable(_index).RemoveAsync(LedgerKeys.DuePartition, key, cancellationToken);
            await DeleteAsync(_ledger, row.PartitionKey, row.RowKey, cancellationToken);
            submissions += row.RowKey == LedgerKeys.Submission ? 1 : 0;
            inputs += row.RowKey.StartsWith(LedgerKeys.InputPrefix, StringComparison.Ordinal) ? 1 : 0;
            others++;
        }

        return new() { Submissions = submissions, Inputs = inputs, Others = others - submissions - inputs };
    }

    private static string BudgetFilter(string listId) => Partition(LedgerKeys.BudgetPartition($"list.{listId}"));

    private async Task<long> EraseLedgerAsync(string listId, CancellationToken cancellationToken)
    {
        // The total of a day stays, because that money is spent.
        var days = $"{Between("PartitionKey", LedgerKeys.BudgetPartition("day."), LedgerKeys.BudgetPartition("day/"))}"
            + $" and {Between("RowKey", LedgerKeys.Reservation(listId + "-"), LedgerKeys.Reservation(listId + "."))}";
        // All series: the list's row names its own, but another erasure may have deleted that row already.
        var series = $"{Between("PartitionKey", LedgerKeys.SeriesPartition(""), "series/")}"
            + $" and {NamesList(listId)}";
        return await EraseAsync(_ledger, BudgetFilter(listId), _ => true, cancellationToken)
            + await EraseAsync(
                _ledger, days,
                row => SubmissionIds.ListOf(row.RowKey[1..row.RowKey.LastIndexOf('.')]) == listId, cancellationToken)
            + await EraseAsync(_ledger, series, _ => true, cancellationToken);
    }

    /// <summary>
    /// Deletes the list's rows in the index: by key if the key follows from the id, otherwise with one read per
    /// partition. A filter that names several partitions would make the service read the whole table.
    /// </summary>
    private async Task<long> EraseIndexAsync(string listId, CancellationToken cancellationToken)
    {
        var due = $"{Partition(LedgerKeys.DuePartition)} and {Between("SubmissionId", listId + "-", listId + ".")}";
        var erased = await EraseAsync(
            _index, due, row => SubmissionIds.ListOf(row.GetString("SubmissionId")) == listId, cancellationToken);
        foreach (var partition in _namedByKey)
            erased += await DeleteAsync(_index, partition, listId, cancellationToken);
        foreach (var partition in _namedByValue)
            erased += await EraseAsync(
                _index, $"{Partition(partition)} and {NamesList(listId)}", _ => true, cancellationToken);
        return erased + await ForgetLastRunAsync(listId, cancellationToken);
    }

    /// <summary>Forgets that the list was the last run of a schedule.</summary>
    private async Task<long> ForgetLastRunAsync(string listId, CancellationToken cancellationToken)
    {
        var forgotten = 0L;
        await foreach (var row in QueryAsync(_index, Partition(LedgerKeys.SchedulePartition), cancellationToken))
        {
            if (JsonSerializer.Deserialize(row.GetString("Json"), PipelineJson.Plain.ScheduleEntry) is not { } schedule
                || schedule.LastListId != listId)
                continue;
            row["Json"] = JsonSerializer.Serialize(
                schedule with { LastListId = null }, PipelineJson.Plain.ScheduleEntry);
            forgotten += await new LedgerTable(_index).ReplaceAsync(row, row.ETag.ToString(), cancellationToken) is null
                ? 0
                : 1;
        }

        return forgotten;
    }

    private async Task<long> EraseListAsync(string listId, CancellationToken cancellationToken)
    {
        var filter = Partition(LedgerKeys.ListPartition(listId));
        var erased = await EraseAsync(_ledger, filter, row => row.RowKey != LedgerKeys.List, cancellationToken);
        return erased + await EraseAsync(_ledger, filter, _ => true, cancellationToken);
    }

    private static async Task<long> EraseAsync(
        AzureResource<TableClient> table, string filter, Func<TableEntity, bool> isOfList,
        CancellationToken cancellationToken)
    {
        var erased = 0L;
        await foreach (var row in QueryAsync(table, filter, cancellationToken))
        {
            if (!isOfList(row))
                continue;
            erased += await DeleteAsync(table, row.PartitionKey, row.RowKey, cancellationToken);
        }

        return erased;
    }

    private static IAsyncEnumerable<TableEntity> QueryAsync(
        AzureResource<TableClient> table, string filter, CancellationToken cancellationToken) =>
        table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Deletes a row. Returns the number of deleted rows: zero if it was already gone.</summary>
    private static async Task<long> DeleteAsync(
        AzureResource<TableClient> table, string partition, string key, CancellationToken cancellationToken)
    {
        try
        {
            var response = await table.RunAsync(
                t => t.DeleteEntityAsync(partition, key, ETag.All, cancellationToken), cancellationToken);
            return response.Status == 404 ? 0 : 1;
        }
        catch (RequestFailedException gone) when (gone.Status == 404)
        {
            return 0;
        }
    }

    private static string Partition(string partition) => TableClient.CreateQueryFilter($"PartitionKey eq {partition}");

    private static string NamesList(string listId) => TableClient.CreateQueryFilter($"ListId eq {listId}");

    private static string Between(string property, string after, string before) =>
        $"{property} gt '{after}' and {property} lt '{before}'";
}
