namespace Pipeline;

/// <summary>
/// Bounds what repeated looks cost. A result that took long to read is given again for ten times as long, so however often it is asked
/// for, reading takes a tenth of the time of one reader at most.
/// </summary>
/// <param name="time">Measures.</param>
internal sealed class PacedReads<TValue>(TimeProvider time)
{
    private const int Kept = 1000;
    private const int Rest = 10;

    // What is read faster than that is read each time.
    private static readonly TimeSpan Cheap = TimeSpan.FromMilliseconds(100);

    private readonly AsyncCache<Reading> _readings = new(Kept);

    /// <summary>Reads the value of a key, or gives the last one again.</summary>
    /// <param name="key">What is read.</param>
    /// <param name="read">Reads it, for all who wait for it.</param>
    /// <param name="cancellationToken">Stops this caller's wait only.</param>
    public async Task<TValue> GetAsync(string key, Func<Task<TValue>> read, CancellationToken cancellationToken)
    {
        if (_readings.TryGet(key, out var last) && !IsFresh(last))
            _readings.Remove(key);
        var reading = await _readings.GetAsync(key, () => ReadAsync(read), cancellationToken);
        return reading.Value;
    }

    private bool IsFresh(Reading reading) => reading.Took >= Cheap && time.GetElapsedTime(reading.EndedAt) < reading.Took * Rest;

    private async Task<Reading> ReadAsync(Func<Task<TValue>> read)
    {
        var started = time.GetTimestamp();
        var value = await read();
        return new(value, time.GetElapsedTime(started), time.GetTimestamp());
    }

    private sealed record Reading(TValue Value, TimeSpan Took, long EndedAt);
}
