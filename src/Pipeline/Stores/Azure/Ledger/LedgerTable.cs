using System.Security.Cryptography;
using Azure;
using Azure.Data.Tables;
using Pipeline.Concurrency;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// One table, with writes that recognize their own result. The SDK repeats a write whose answer was lost, and the
/// repeated write then conflicts with the first. The mark in each row shows which write produced it.
/// </summary>
internal sealed class LedgerTable
{
    // A transaction has at most 100 rows and 4 MiB. A character takes up to six bytes of JSON in the request.
    public const int MaxRows = 100;
    public const int MaxBytes = 3_500_000;
    private const int BytesPerChar = 6;
    private const int BytesPerRow = 2000;

    // A filter has at most 15 comparisons (documented), and one of them is the partition.
    private const int MaxKeysInFilter = 14;

    private readonly AzureResource<TableClient> _table;
    private readonly Coalescer<string, Replacement> _replacements;

    public LedgerTable(AzureResource<TableClient> table)
    {
        _table = table;
        _replacements = new(MaxRows, (_, replacements) => ReplaceAsync(replacements));
    }

    /// <summary>Returns a row; null if it does not exist.</summary>
    public async Task<TableEntity?> GetAsync(
        string partition, string key, CancellationToken cancellationToken, IEnumerable<string>? select = null)
    {
        var found = await _table.RunAsync(
            t => t.GetEntityIfExistsAsync<TableEntity>(partition, key, select, cancellationToken), cancellationToken);
        return found.HasValue ? found.Value : null;
    }

    /// <summary>Returns the rows with these keys that exist, in any order, in as few queries as possible.</summary>
    public async Task<IReadOnlyList<TableEntity>> GetManyAsync(
        string partition, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count <= 1)
            return keys.Count == 1 && await GetAsync(partition, keys.First(), cancellationToken) is { } only
                ? [only]
                : [];
        var pages = await Task.WhenAll(keys.Chunk(MaxKeysInFilter).Select(async some =>
        {
            var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}") + " and ("
                + string.Join(" or ", some.Select(key => TableClient.CreateQueryFilter($"RowKey eq {key}"))) + ")";
            return await _table.ReadAsync(
                t => t.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken), cancellationToken)
                .ToListAsync(cancellationToken);
        }));
        return [.. pages.SelectMany(page => page)];
    }

    /// <summary>Returns the rows of a partition whose keys start with a prefix, ordered by key.</summary>
    public IAsyncEnumerable<TableEntity> GetAllAsync(
        string partition, string prefix, CancellationToken cancellationToken, IEnumerable<string>? select = null) =>
        GetRangeAsync(partition, prefix, After(prefix), null, cancellationToken, select);

    /// <summary>
    /// Returns the rows of a partition from one key up to, but not including, another, ordered by key.
    /// </summary>
    public IAsyncEnumerable<TableEntity> GetRangeAsync(
        string partition, string from, string before, int? perPage, CancellationToken cancellationToken,
        IEnumerable<string>? select = null)
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {before}");
        return _table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, perPage, select, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Returns the rows of a partition whose time in a column is before a given time. The service reads the whole
    /// partition.
    /// </summary>
    public IAsyncEnumerable<TableEntity> GetOlderAsync(
        string partition, string column, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}")
            + $" and {column} " + TableClient.CreateQueryFilter($"lt {before.ToUniversalTime()}");
        return _table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Returns the partitions whose names start with a prefix and that have a row with the key. The service scans all
    /// of them.
    /// </summary>
    public IAsyncEnumerable<string> GetPartitionsAsync(string prefix, string key, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {prefix} and PartitionKey lt {After(prefix)} and RowKey eq {key}");
        return _table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, null, [nameof(TableEntity.PartitionKey)], cancellationToken),
            cancellationToken).Select(row => row.PartitionKey);
    }

    /// <summary>Adds a row unless it exists.</summary>
    /// <returns>Whether the stored row is this one.</returns>
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

    /// <summary>Writes a row. Replaces an existing one unconditionally.</summary>
    public Task PutAsync(TableEntity row, CancellationToken cancellationToken) =>
        _table.RunAsync(t => t.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken), cancellationToken);

    /// <summary>Changes some columns of a row, if it exists.</summary>
    public async Task MergeAsync(TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            await _table.RunAsync(
                t => t.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, cancellationToken), cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
        }
    }

    /// <summary>
    /// Replaces a row if its ETag is current. Concurrent replacements in one partition share a transaction, but succeed
    /// or fail independently.
    /// </summary>
    /// <returns>The new ETag; null after a conflict.</returns>
    public async Task<string?> ReplaceAsync(TableEntity row, string etag, CancellationToken cancellationToken)
    {
        var replacement = new Replacement(Prepare(row), new(etag));
        await _replacements.AddAsync(row.PartitionKey, replacement, cancellationToken);
        return replacement.Written;
    }

    /// <summary>Removes a row if it exists and, if an ETag is given, that ETag is current.</summary>
    public async Task RemoveAsync(
        string partition, string key, CancellationToken cancellationToken, ETag etag = default)
    {
        try
        {
            await _table.RunAsync(
                t => t.DeleteEntityAsync(partition, key, etag == default ? ETag.All : etag, cancellationToken),
                cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
        }
    }

    /// <summary>
    /// Writes rows of one partition in as few transactions as possible. Each transaction is atomic. Stops at the first
    /// that has a conflict (404, 409, 412); those before it stay written.
    /// </summary>
    /// <returns>The new ETags of the written rows, in order; fewer than the rows after a conflict.</returns>
    public async Task<IReadOnlyList<string>> WriteAllAsync(
        IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        var etags = new List<string>(actions.Count);
        foreach (var transaction in Split(actions))
        {
            try
            {
                var written = await _table.RunAsync(
                    t => t.SubmitTransactionAsync(transaction, cancellationToken), cancellationToken);
                etags.AddRange(written.Value.Select(response => response.Headers.ETag.ToString() ?? ""));
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
            {
                break;
            }
        }
        return etags;
    }

    /// <summary>Returns a random mark that identifies one write.</summary>
    public static string NewMark() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Checks a row's size and adds a new mark to it.</summary>
    public static TableEntity Prepare(TableEntity row)
    {
        LedgerText.CheckedLength(row);
        row[LedgerEntities.Mark] = NewMark();
        return row;
    }

    /// <summary>
    /// Returns the maximum number of bytes that a row takes of a transaction; null: those of a small row.
    /// </summary>
    public static int SizeOf(TableEntity? row) =>
        (row is null ? 0 : (LedgerText.CheckedLength(row) * BytesPerChar) + BinaryBytes(row)) + BytesPerRow;

    // In the request, three bytes are four characters.
    private static int BinaryBytes(TableEntity row) => row.Sum(value => (value.Value as byte[])?.Length ?? 0) * 3 / 2;

    /// <summary>Returns the first key that sorts after all keys with a prefix.</summary>
    private static string After(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    private static IEnumerable<List<TableTransactionAction>> Split(IReadOnlyList<TableTransactionAction> actions)
    {
        var transaction = new List<TableTransactionAction>();
        var bytes = 0;
        foreach (var action in actions)
        {
            var size = SizeOf((TableEntity)action.Entity);
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
        // A transaction may contain a row only once, so further replacements of the same row follow one by one.
        var rows = replacements.GroupBy(replacement => replacement.Row.RowKey, StringComparer.Ordinal).ToList();
        var pending = rows.ConvertAll(row => row.First());
        while (pending.Count > 1)
            await ReplaceFirstAsync(pending);
        foreach (var replacement in pending.Concat(rows.SelectMany(row => row.Skip(1))))
            replacement.Written = await ReplaceAloneAsync(replacement);
    }

    /// <summary>
    /// Writes as many replacements as fit in one transaction, or removes the one that has a conflict.
    /// </summary>
    private async Task ReplaceFirstAsync(List<Replacement> pending)
    {
        var actions = Split(
            pending.ConvertAll(
                r => new TableTransactionAction(TableTransactionActionType.UpdateReplace, r.Row, r.Read))).First();
        try
        {
            var written = await _table.RunAsync(
                t => t.SubmitTransactionAsync(actions, CancellationToken.None), CancellationToken.None);
            for (var i = 0; i < actions.Count; i++)
                pending[i].Written = written.Value[i].Headers.ETag.ToString();
            pending.RemoveRange(0, actions.Count);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            var failed = (e as TableTransactionFailedException)?.FailedTransactionActionIndex ?? 0;
            pending[failed].Written = await FindOwnAsync(pending[failed].Row, CancellationToken.None);
            pending.RemoveAt(failed);
        }
    }

    private async Task<string?> ReplaceAloneAsync(Replacement replacement)
    {
        try
        {
            var response = await _table.RunAsync(
                t =>
                    t.UpdateEntityAsync(
                        replacement.Row, replacement.Read, TableUpdateMode.Replace, CancellationToken.None),
                CancellationToken.None);
            return response.Headers.ETag.ToString();
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            return await FindOwnAsync(replacement.Row, CancellationToken.None);
        }
    }

    /// <summary>Returns the ETag of the stored row if this write produced it; otherwise null.</summary>
    private async Task<string?> FindOwnAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var stored = await GetAsync(row.PartitionKey, row.RowKey, cancellationToken, [LedgerEntities.Mark]);
        return stored?.GetString(LedgerEntities.Mark) == row.GetString(LedgerEntities.Mark)
            ? stored?.ETag.ToString()
            : null;
    }

    /// <summary>The new content of a row, written only if the ETag that was read is current.</summary>
    private sealed class Replacement(TableEntity row, ETag read)
    {
        public TableEntity Row => row;

        public ETag Read => read;

        /// <summary>The new ETag; null after a conflict.</summary>
        public string? Written { get; set; }
    }
}
