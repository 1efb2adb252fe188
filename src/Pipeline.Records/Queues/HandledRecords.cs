namespace Pipeline.Records;

/// <summary>
/// Remembers which records were handled, so that repeated announcements are skipped. Implement it over a database to
/// remember across restarts.
/// </summary>
/// <remarks>
/// If the process is killed after a record was handled and before <see cref="AddAsync"/>, the record is handled again.
/// To prevent that, write the record's effect and its id in one transaction of your own store.
/// </remarks>
public interface IHandledRecords
{
    /// <summary>Returns the ids that were handled.</summary>
    Task<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>Remembers ids. Adding a known id is not an error.</summary>
    Task AddAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);
}

/// <summary>Remembers recent records in memory, and forgets the oldest first.</summary>
/// <param name="capacity">Maximum number of ids; 100,000 take about 15 MB.</param>
public sealed class RecentRecords(int capacity = 100_000) : IHandledRecords
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <inheritdoc/>
    public Task<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlySet<string>>(ids.Where(_ids.Contains).ToHashSet(StringComparer.Ordinal));
    }

    /// <inheritdoc/>
    public Task AddAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var id in ids.Where(_ids.Add))
                _order.Enqueue(id);
            while (_order.Count > capacity)
                _ids.Remove(_order.Dequeue());
        }
        return Task.CompletedTask;
    }
}
