using Pipeline.Model;

namespace Pipeline.Ports.Reading;

/// <summary>The place of a closed list among the closed ones, the latest first.</summary>
/// <param name="ClosedAt">When it was closed, UTC.</param>
/// <param name="ListId">The list.</param>
internal readonly record struct ClosedPlace(DateTimeOffset ClosedAt, string ListId);

/// <summary>What the ledger knows of a list that is not closed.</summary>
/// <param name="Counts">The sums over all its submissions that were read.</param>
/// <param name="ClosedSubmissions">Number of its closed submissions.</param>
/// <param name="Live">Its submissions that are not closed, by sequence, with their current outcomes.</param>
internal sealed record LiveList(
    LedgerCounts Counts, int ClosedSubmissions,
    IReadOnlyList<(SubmissionEntry Submission, OutcomeCounts Outcomes)> Live)
{
    /// <summary>Whether all its submissions were read. A ledger that bills each read stops at a limit.</summary>
    public bool IsWhole { get; init; } = true;
}

/// <summary>Pages through lists for people. A ledger with many lists is never read as a whole.</summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IListCatalog
{
    /// <summary>Returns up to <paramref name="max"/> lists in state Planning or Open, ordered by id.</summary>
    /// <param name="after">The last id of the page before; empty for the first page.</param>
    /// <param name="max">Maximum number of lists.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    Task<IReadOnlyList<ListEntry>> GetOpenPageAsync(string after, int max, CancellationToken cancellationToken);

    /// <summary>Returns up to <paramref name="max"/> closed lists, the latest first.</summary>
    /// <param name="after">The place of the last list of the page before; null for the first page.</param>
    /// <param name="max">Maximum number of lists.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    Task<IReadOnlyList<ListEntry>> GetClosedPageAsync(
        ClosedPlace? after, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Returns up to <paramref name="max"/> lists that were refused after a time, the latest first.
    /// </summary>
    Task<IReadOnlyList<ListEntry>> GetRefusedAsync(
        DateTimeOffset since, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the submissions of lists in the order of the ids; closed submissions only as sums. The cost is bounded:
    /// a ledger that bills each read leaves out what exceeds its limit, and says so in each list.
    /// </summary>
    Task<IReadOnlyList<LiveList>> GetLiveAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken);
}
