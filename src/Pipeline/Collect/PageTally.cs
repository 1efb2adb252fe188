using System.Collections.Concurrent;

namespace Pipeline.Collect;

/// <summary>
/// The records that this process has made, counted by the HTTP status of their page: a glance for whoever watches. The
/// manifest counts them for good, in the ledger.
/// </summary>
internal sealed class PageTally
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>The counts by status, the smallest first; <c>unknown</c> where a result does not say.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Counts => [.. _counts.OrderBy(count => count.Key, StringComparer.Ordinal)];

    /// <summary>Counts one record.</summary>
    public void Add(int? status) => _counts.AddOrUpdate(status?.ToString() ?? "unknown", 1, (_, count) => count + 1);
}
