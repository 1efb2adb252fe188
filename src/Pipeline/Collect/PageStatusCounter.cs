using System.Collections.Concurrent;

namespace Pipeline.Collect;

/// <summary>
/// Counts the records of this process by the HTTP status of their page, for live display only. The manifest takes its
/// counts from the ledger.
/// </summary>
internal sealed class PageStatusCounter
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts in order of status; <c>unknown</c> for results without one.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Counts =>
        [.. _counts.OrderBy(count => count.Key, StringComparer.Ordinal)];

    /// <summary>Counts one record.</summary>
    public void Add(int? status) => _counts.AddOrUpdate(status?.ToString() ?? "unknown", 1, (_, count) => count + 1);
}
