using Azure.Data.Tables;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// Reads rows as they were together at one moment, which a query of several pages or partitions does not guarantee. It
/// reads them twice, and again until two consecutive reads return the same versions. A row with the same version in
/// both did not change between them, so all rows are as they were between the two reads.
/// </summary>
internal sealed class SteadyReads(AzureResource<TableClient> table, TimeProvider time)
{
    // A submission changes with each result, and its results arrive within minutes.
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    /// <summary>Reads the rows.</summary>
    /// <param name="filter">Filter for the service.</param>
    /// <param name="isWanted">Selects the rows to return.</param>
    /// <param name="what">Name of the rows, for people.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="PipelineException">Transient: the rows kept changing.</exception>
    public async Task<IReadOnlyList<TableEntity>> ReadAsync(
        string filter, Func<TableEntity, bool> isWanted, string what, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        for (var wait = FirstWait; ; wait = wait < LongestWait ? 2 * wait : LongestWait)
        {
            var first = await ReadOnceAsync(filter, isWanted, cancellationToken);
            var second = await ReadOnceAsync(filter, isWanted, cancellationToken);
            if (first.Select(VersionOf).SequenceEqual(second.Select(VersionOf)))
                return second;
            if (time.GetElapsedTime(started) > Patience)
                throw PipelineException.Transient(
                    FailureReasons.Unavailable,
                    $"{what} kept changing for {Patience.TotalMinutes:0} minutes. Run the same command "
                        + "again when less work is under way.");
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task<List<TableEntity>> ReadOnceAsync(
        string filter, Func<TableEntity, bool> isWanted, CancellationToken cancellationToken) =>
        await table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken), cancellationToken)
            .Where(isWanted).ToListAsync(cancellationToken);

    private static (string, string, string) VersionOf(TableEntity row) =>
        (row.PartitionKey, row.RowKey, row.ETag.ToString());
}
