using System.Security.Cryptography;
using Azure;
using Azure.Data.Tables;
using Pipeline.Concurrency;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>One table, with writes that know their own trace: the SDK repeats a write whose answer was lost, and the repetition then meets what the first one wrote.</summary>
internal sealed class LedgerTable
{
    // The service takes 100 rows and 4 MiB at once; a character needs up to six bytes of the JSON that travels.
    private const int MaxRows = 100;
    private const int MaxBytes = 3_500_000;
    private const int BytesPerChar = 6;
    private const int BytesPerRow = 2000;

    private readonly AzureResource<TableClient> _table;
    private readonly Coalescer<string, Replacement> _replacements;

    public LedgerTable(AzureResource<TableClient> table)
    {
        _table = table;
        _replacements = new(MaxRows, (_, replacements) => ReplaceAsync(replacements));
    }

    /// <summary>One row, or null.</summary>
    public async Task<TableEntity?> GetAsync(string partition, string key, CancellationToken cancellationToken, IEnumerable<string>? select = null)
    {
        var found = await _table.RunAsync(t => t.GetEntityIfExistsAsync<TableEntity>(partition, key, select, cancellationToken), cancellationToken);
        return found.HasValue ? found.Value : null;
    }

    /// <summary>The rows of a partition whose keys begin with a letter, by key.</summary>
    public IAsyncEnumerable<TableEntity> GetAllAsync(string partition, string prefix, CancellationToken cancellationToken, IEnumerable<string>? select = null) =>
        GetRangeAsync(partition, prefix, After(prefix), null, cancellationToken, select);

    /// <summary>The rows of a partition from one key to before another, by key.</summary>
    public IAsyncEnumerable<TableEntity> GetRangeAsync(
        string partition, string from, string before, int? perPage, CancellationToken cancellationToken, IEnumerable<string>? select = null)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {before}");
        return _table.ReadAsync(t => t.QueryAsync<TableEntity>(filter, perPage, select, cancellationToken), cancellationToken);
    }

    /// <summary>The partitions whose names begin with a prefix and that have a row of some key. The service reads through all of them.</summary>
    public IAsyncEnumerable<string> GetPartitionsAsync(string prefix, string key, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {prefix} and PartitionKey lt {After(prefix)} and RowKey eq {key}");
        return _table.ReadAsync(t => t.QueryAsync<TableEntity>(filter, null, [nameof(TableEntity.PartitionKey)], cancellationToken), cancellationToken).Select(row => row.PartitionKey);
    }

    /// <summary>Adds a row unless it is there.</summary>
    /// <returns>Whether the row that is there is this one.</returns>
    public async Task<bool> AddAsync(TableEntity row, CancellationToken cancellationToken)
    {
        Prepare(row);
        try
        {
            await _table.RunAsync(t => t.AddEntityAsync(row, cancellationToken), cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status == 409)
        {
            return await FindOwnAsync(row, cancellationToken) is not null;
        }
    }

    /// <summary>Writes a row, whatever is there.</summary>
    public Task PutAsync(TableEntity row, CancellationToken cancellationToken) =>
        _table.RunAsync(t => t.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken), cancellationToken);

    /// <summary>Replaces a row if it still is what was read. Rows of one partition that are replaced at the same time share a transaction; each succeeds or fails by itself.</summary>
    /// <returns>The new ETag, or null.</returns>
    public async Task<string?> ReplaceAsync(TableEntity row, string etag, CancellationToken cancellationToken)
    {
        var replacement = new Replacement(Prepare(row), new(etag));
        await _replacements.AddAsync(row.PartitionKey, replacement, cancellationToken);
        return replacement.Written;
    }

    /// <summary>Removes a row if it is there, and if it still is what was read where an ETag says what that was.</summary>
    public async Task RemoveAsync(string partition, string key, CancellationToken cancellationToken, ETag etag = default)
    {
        try
        {
            await _table.RunAsync(t => t.DeleteEntityAsync(partition, key, etag == default ? ETag.All : etag, cancellationToken), cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
        }
    }

    /// <summary>Writes rows of one partition, as many at once as the service takes. Each transaction is written whole or not at all; those before a failed one stay.</summary>
    /// <returns>The new ETags, in order, of the transactions that were written; fewer than the rows when one failed for what it found (404, 409, 412).</returns>
    public async Task<IReadOnlyList<string>> WriteAllAsync(IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        var etags = new List<string>(actions.Count);
        foreach (var transaction in Split(actions))
        {
            try
            {
                var written = await _table.RunAsync(t => t.SubmitTransactionAsync(transaction, cancellationToken), cancellationToken);
                etags.AddRange(written.Value.Select(response => response.Headers.ETag.ToString() ?? ""));
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
            {
                break;
            }
        }
        return etags;
    }

    /// <summary>A number that no other write has.</summary>
    public static string NewMark() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Checks a row and marks it as this write's.</summary>
    public static TableEntity Prepare(TableEntity row)
    {
        LedgerText.CheckedLength(row);
        row[LedgerEntities.Mark] = NewMark();
        return row;
    }

    /// <summary>The first text that sorts after all that begin with a prefix.</summary>
    private static string After(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    private static IEnumerable<List<TableTransactionAction>> Split(IReadOnlyList<TableTransactionAction> actions)
    {
        var transaction = new List<TableTransactionAction>();
        var bytes = 0;
        foreach (var action in actions)
        {
            var size = (LedgerText.CheckedLength((TableEntity)action.Entity) * BytesPerChar) + BytesPerRow;
            if (transaction.Count == MaxRows || (transaction.Count > 0 && bytes + size > MaxBytes))
            {
                yield return transaction;
                (transaction, bytes) = ([], 0);
            }
            transaction.Add(action);
            bytes += size;
        }
        if (transaction.Count > 0)
            yield return transaction;
    }

    private async Task ReplaceAsync(IReadOnlyList<Replacement> replacements)
    {
        // A transaction takes a row once.
        var rows = replacements.GroupBy(replacement => replacement.Row.RowKey, StringComparer.Ordinal).ToList();
        var together = rows.ConvertAll(row => row.First());
        while (together.Count > 1)
        {
            var actions = Split(together.ConvertAll(r => new TableTransactionAction(TableTransactionActionType.UpdateReplace, r.Row, r.Read))).First();
            try
            {
                var written = await _table.RunAsync(t => t.SubmitTransactionAsync(actions, CancellationToken.None), CancellationToken.None);
                for (var i = 0; i < actions.Count; i++)
                    together[i].Written = written.Value[i].Headers.ETag.ToString();
                together.RemoveRange(0, actions.Count);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412)
            {
                var failed = (e as TableTransactionFailedException)?.FailedTransactionActionIndex ?? 0;
                together[failed].Written = await FindOwnAsync(together[failed].Row, CancellationToken.None);
                together.RemoveAt(failed);
            }
        }

        foreach (var replacement in together.Concat(rows.SelectMany(row => row.Skip(1))))
            replacement.Written = await ReplaceAloneAsync(replacement);
    }

    private async Task<string?> ReplaceAloneAsync(Replacement replacement)
    {
        try
        {
            var response = await _table.RunAsync(t => t.UpdateEntityAsync(replacement.Row, replacement.Read, TableUpdateMode.Replace, CancellationToken.None), CancellationToken.None);
            return response.Headers.ETag.ToString();
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            return await FindOwnAsync(replacement.Row, CancellationToken.None);
        }
    }

    private async Task<string?> FindOwnAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var there = await GetAsync(row.PartitionKey, row.RowKey, cancellationToken, [LedgerEntities.Mark]);
        return there?.GetString(LedgerEntities.Mark) == row.GetString(LedgerEntities.Mark) ? there?.ETag.ToString() : null;
    }

    /// <summary>What a row is to be, if it still is what was read.</summary>
    private sealed class Replacement(TableEntity row, ETag read)
    {
        public TableEntity Row => row;

        public ETag Read => read;

        /// <summary>The new ETag; null where it had been changed.</summary>
        public string? Written { get; set; }
    }
}
