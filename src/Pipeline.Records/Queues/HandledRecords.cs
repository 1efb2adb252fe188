namespace Pipeline.Records;

/// <summary>
/// Remembers which records were handled, so that one that is announced again is left out. Implement it over a database
/// to remember across restarts.
/// </summary>
/// <remarks>
/// A process that is killed after a record was handled and before <see cref="AddAsync"/> handles it again. Where that
/// must not happen, write the record's effect and its id in one transaction of your own store.
/// </remarks>
public interface IHandledRecords
{
    /// <summary>Returns those of the ids that were handled.</summary>
    Task<IReadOnlySet<string>> FindAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>Remembers ids. An id that is known already is no error.</summary>
    Task AddAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);
}

/// <summary>Remembers the last records in memory, the oldest of which it forgets first.</summary>
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
