using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Concurrency;

/// <summary>
/// Caches the values of the most recently used keys. Concurrent callers of one key share one read. A failed or
/// cancelled read is not cached.
/// </summary>
/// <param name="capacity">Maximum number of keys; the least recently used one is evicted.</param>
internal sealed class AsyncCache<TValue>(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = [];

    /// <summary>Number of keys in the cache.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>Returns the cached value of a key, or reads it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="read">Reads the value for every waiting caller; it must not depend on one caller's token.</param>
    /// <param name="cancellationToken">Cancels this caller's wait, not the read.</param>
    public Task<TValue> GetAsync(string key, Func<Task<TValue>> read, CancellationToken cancellationToken)
    {
        Task<TValue> value;
        lock (_lock)
        {
            value = Find(key) is { IsFaulted: false, IsCanceled: false } cached
                ? cached
                : Add(key, Task.Run(read, CancellationToken.None));
        }
        return value.WaitAsync(cancellationToken);
    }

    /// <summary>Returns the value of a key if its read has completed; starts no read.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_lock)
        {
            if (Find(key) is { IsCompletedSuccessfully: true } read)
            {
                value = read.Result;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Sets the value of a key, replacing the cached one.</summary>
    public void Set(string key, TValue value)
    {
        lock (_lock)
            Add(key, Task.FromResult(value));
    }

    /// <summary>Removes a key.</summary>
    public void Remove(string key)
    {
        lock (_lock)
            Evict(key);
    }

    private Task<TValue>? Find(string key)
    {
        if (!_entries.TryGetValue(key, out var entry))
            return null;
        _byUse.Remove(entry);
        _byUse.AddLast(entry);
        return entry.Value.Value;
    }

    private Task<TValue> Add(string key, Task<TValue> value)
    {
        Evict(key);
        if (_entries.Count == capacity)
            Evict(_byUse.First!.Value.Key);
        _entries[key] = _byUse.AddLast(new Entry(key, value));
        return value;
    }

    private void Evict(string key)
    {
        if (_entries.Remove(key, out var entry))
            _byUse.Remove(entry);
    }

    private sealed record Entry(string Key, Task<TValue> Value);
}
