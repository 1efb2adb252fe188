namespace Pipeline.Concurrency;

/// <summary>
/// Bounds the cost of repeated reads. The value of a slow read is reused for ten times as long as the read took, so
/// reading never takes more than a tenth of the time, however often it is requested.
/// </summary>
/// <param name="time">Measures how long reads take.</param>
internal sealed class PacedReads<TValue>(TimeProvider time)
{
    private const int MaxKeys = 1000;
    private const int ReuseFactor = 10;

    // Faster reads are not worth caching.
    private static readonly TimeSpan SlowRead = TimeSpan.FromMilliseconds(100);

    private readonly AsyncCache<Reading> _readings = new(MaxKeys);

    /// <summary>Reads the value of a key, or returns the last one read.</summary>
    /// <param name="key">The key.</param>
    /// <param name="read">Reads the value for every waiting caller.</param>
    /// <param name="cancellationToken">Cancels this caller's wait, not the read.</param>
    public async Task<TValue> GetAsync(string key, Func<Task<TValue>> read, CancellationToken cancellationToken)
    {
        if (_readings.TryGet(key, out var last) && !IsFresh(last))
            _readings.Remove(key);
        var reading = await _readings.GetAsync(key, () => ReadAsync(read), cancellationToken);
        return reading.Value;
    }

    private bool IsFresh(Reading reading) =>
        reading.Took >= SlowRead && time.GetElapsedTime(reading.EndedAt) < reading.Took * ReuseFactor;

    private async Task<Reading> ReadAsync(Func<Task<TValue>> read)
    {
        var started = time.GetTimestamp();
        var value = await read();
        return new(value, time.GetElapsedTime(started), time.GetTimestamp());
    }

    private sealed record Reading(TValue Value, TimeSpan Took, long EndedAt);
}
