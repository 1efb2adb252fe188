using Azure;
using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// The two tables of an account, as a restore needs them: whether they are in use, clearing and writing.
/// </summary>
internal sealed class AccountTables(AzureAccount account, TimeProvider time)
{
    /// <summary>An account without changes for this long counts as unused.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(2);

    private const int Parallelism = 8;
    private const int MaxPasses = 5;

    // Excludes erased lists, which stay erased, the note of the running restore, and the request rate, which is
    // current.
    private static readonly string Replaced = string.Join(
        " and ",
        new[] { LedgerKeys.ErasedPartition, LedgerKeys.RestorePartition, LedgerKeys.PacePartition }
            .Select(partition => TableClient.CreateQueryFilter($"PartitionKey ne {partition}")));

    private static readonly string[] KeysOnly = [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey)];

    private readonly AzureResource<TableClient> _index = account.Table(AzureNames.DueTable);
    private readonly AzureResource<TableClient> _ledger = account.Table(AzureNames.LedgerTable);

    /// <summary>Lists, submissions and everything that belongs to them.</summary>
    public LedgerTable Ledger { get; } = new(account.Table(AzureNames.LedgerTable));

    /// <summary>The index.</summary>
    public LedgerTable Index { get; } = new(account.Table(AzureNames.DueTable));

    /// <summary>Whether the account has a ledger.</summary>
    public async Task<bool> HasRowsAsync(CancellationToken cancellationToken) =>
        await AnyAsync(_index, Replaced, cancellationToken) || await AnyAsync(_ledger, Replaced, cancellationToken);

    /// <summary>
    /// Whether something wrote within <see cref="Quiet"/>, by the service's clock. A worker that waits for Nimble
    /// writes too: a row for each request.
    /// </summary>
    public async Task<bool> IsInUseAsync(CancellationToken cancellationToken)
    {
        var now = await ServiceClock.ReadAsync(_index, cancellationToken) ?? time.GetUtcNow();
        var recent = TableClient.CreateQueryFilter($"Timestamp ge {now - Quiet}");
        return await AnyAsync(_index, recent, cancellationToken) || await AnyAsync(_ledger, recent, cancellationToken);
    }

    /// <summary>Returns the later of this machine's time and the service's, UTC.</summary>
    public async Task<DateTimeOffset> ReadLaterClockAsync(CancellationToken cancellationToken)
    {
        var here = time.GetUtcNow();
        return await ServiceClock.ReadAsync(_index, cancellationToken) is { } there && there > here ? there : here;
    }

    /// <summary>Removes the ledger, starting with the index: without it, no worker finds what is left.</summary>
    /// <exception cref="PipelineException">Transient: another process keeps writing.</exception>
    public async Task ClearAsync(CancellationToken cancellationToken)
    {
        foreach (var (table, rows) in new[] { (_index, Index), (_ledger, Ledger) })
            for (var pass = 1; await AnyAsync(table, Replaced, cancellationToken); pass++)
            {
                if (pass > MaxPasses)
                    throw PipelineException.Transient(
                        FailureReasons.Unavailable,
                        $"{table.What} does not become empty: something writes to it. Stop every 'pipeline' process "
                            + "and app on the account, then run the same command again.");
                await Parallel.ForEachAsync(
                    Groups(QueryAsync(table, Replaced, KeysOnly, cancellationToken), _ => LedgerTable.MaxRows),
                    Limited(cancellationToken), (group, token) => new(RemoveAsync(rows, group, token)));
            }
    }

    /// <summary>Writes rows of one partition in as few transactions as possible; existing ones are replaced.</summary>
    /// <exception cref="PipelineException">Transient: another process writes the same rows.</exception>
    public static async Task WriteAsync(
        LedgerTable table, IReadOnlyList<TableEntity> rows, CancellationToken cancellationToken)
    {
        var written = await table.WriteAllAsync(
            [.. rows.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row))],
            cancellationToken);
        if (written.Count < rows.Count)
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"Rows of {rows[0].PartitionKey} cannot be written: something else writes them. Stop every 'pipeline' "
                    + "process and app on the account, then run the same command again.");
    }

    /// <summary>Splits rows into groups of consecutive ones of a partition.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="most">The size at which a group ends, by its first row.</param>
    public static async IAsyncEnumerable<IReadOnlyList<TableEntity>> Groups(
        IAsyncEnumerable<TableEntity> rows, Func<TableEntity, int> most)
    {
        var group = new List<TableEntity>();
        await foreach (var row in rows)
        {
            if (group.Count > 0 && (group[0].PartitionKey != row.PartitionKey || group.Count >= most(group[0])))
            {
                yield return group;
                group = [];
            }

            group.Add(row);
        }

        if (group.Count > 0)
            yield return group;
    }

    /// <summary>Limits how many groups are written at the same time.</summary>
    public static ParallelOptions Limited(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };

    private static Task RemoveAsync(
        LedgerTable table, IReadOnlyList<TableEntity> rows, CancellationToken cancellationToken) =>
        table.WriteAllAsync(
            [.. rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All))],
            cancellationToken);

    private static async Task<bool> AnyAsync(
        AzureResource<TableClient> table, string filter, CancellationToken cancellationToken) =>
        await QueryAsync(table, filter, KeysOnly, cancellationToken).AnyAsync(cancellationToken);

    private static IAsyncEnumerable<TableEntity> QueryAsync(
        AzureResource<TableClient> table, string filter, IEnumerable<string> select,
        CancellationToken cancellationToken) =>
        table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, null, select, cancellationToken), cancellationToken);
}
