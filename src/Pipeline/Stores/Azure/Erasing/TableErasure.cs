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
    private const string ListId = "ListId";

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
    /// Deletes the rows whose keys the id leads to. Rows elsewhere are removed by whoever writes them; see
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
            await DeleteAsync(_ledger, row, cancellationToken);
            submissions += row.RowKey == LedgerKeys.Submission ? 1 : 0;
            inputs += row.RowKey.StartsWith(LedgerKeys.InputPrefix, StringComparison.Ordinal) ? 1 : 0;
            others++;
        }

        return new() { Submissions = submissions, Inputs = inputs, Others = others - submissions - inputs };
    }

    private static string BudgetFilter(string listId) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {LedgerKeys.BudgetPartition($"list.{listId}")}");

    private async Task<long> EraseLedgerAsync(string listId, CancellationToken cancellationToken)
    {
        // The total of a day stays: that money is spent.
        var days = $"{Between("PartitionKey", LedgerKeys.BudgetPartition("day."), LedgerKeys.BudgetPartition("day/"))}"
            + $" and {Between("RowKey", LedgerKeys.Reservation(listId + "-"), LedgerKeys.Reservation(listId + "."))}";
        var series = $"{Between("PartitionKey", "series.", "series/")} and "
            + TableClient.CreateQueryFilter($"ListId eq {listId}");
        return await EraseAsync(_ledger, BudgetFilter(listId), _ => true, cancellationToken)
            + await EraseAsync(
                _ledger, days,
                row => SubmissionIds.ListOf(row.RowKey[1..row.RowKey.LastIndexOf('.')]) == listId, cancellationToken)
            + await EraseAsync(_ledger, series, _ => true, cancellationToken);
    }

    private async Task<long> EraseIndexAsync(string listId, CancellationToken cancellationToken)
    {
        var due = TableClient.CreateQueryFilter($"PartitionKey eq {LedgerKeys.DuePartition}") + " and "
            + Between("SubmissionId", listId + "-", listId + ".");
        var named = "(" + string.Join(" or ", new[]
        {
            LedgerKeys.ClosedListsPartition, LedgerKeys.EventPartition, LedgerKeys.RequestPartition,
            LedgerKeys.ActionPartition,
        }.Select(partition => TableClient.CreateQueryFilter($"PartitionKey eq {partition}"))) + ") and "
            + TableClient.CreateQueryFilter($"ListId eq {listId}");
        var lists = "(" + string.Join(" or ", new[]
        {
            LedgerKeys.OpenListsPartition, LedgerKeys.RefusedListsPartition,
        }.Select(partition => TableClient.CreateQueryFilter($"PartitionKey eq {partition}"))) + ") and "
            + TableClient.CreateQueryFilter($"RowKey eq {listId}");
        return await EraseAsync(
            _index, due, row => SubmissionIds.ListOf(row.GetString("SubmissionId")) == listId, cancellationToken)
            + await EraseAsync(_index, named, _ => true, cancellationToken)
            + await EraseAsync(_index, lists, _ => true, cancellationToken)
            + await ForgetLastRunAsync(listId, cancellationToken);
    }

    /// <summary>Forgets that the list was the last run of a schedule.</summary>
    private async Task<long> ForgetLastRunAsync(string listId, CancellationToken cancellationToken)
    {
        var forgotten = 0L;
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {LedgerKeys.SchedulePartition}");
        await foreach (var row in QueryAsync(_index, filter, cancellationToken))
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
        var partition = LedgerKeys.ListPartition(listId);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
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
            await DeleteAsync(table, row, cancellationToken);
            erased++;
        }

        return erased;
    }

    private static IAsyncEnumerable<TableEntity> QueryAsync(
        AzureResource<TableClient> table, string filter, CancellationToken cancellationToken) =>
        table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken), cancellationToken);

    private static async Task DeleteAsync(
        AzureResource<TableClient> table, TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            await table.RunAsync(
                t => t.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellationToken),
                cancellationToken);
        }
        catch (RequestFailedException gone) when (gone.Status == 404)
        {
        }
    }

    private static string Between(string property, string after, string before) =>
        $"{property} gt '{after}' and {property} lt '{before}'";
}
