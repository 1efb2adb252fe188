using System.Diagnostics.CodeAnalysis;

namespace Pipeline;

/// <summary>
/// Keeps what was read for the keys used last. Callers that ask for one key at the same time share one read; a read that fails, however it
/// fails, is not kept.
/// </summary>
/// <param name="kept">How many keys at most.</param>
internal sealed class AsyncCache<TValue>(int kept)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = [];

    /// <summary>How many keys are kept now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>The value of a key, read now unless it is kept.</summary>
    /// <param name="key">The key.</param>
    /// <param name="read">Reads it for all who wait, so it must not be cancelled for one of them.</param>
    /// <param name="cancellationToken">Stops this caller's wait only.</param>
    public Task<TValue> GetAsync(string key, Func<Task<TValue>> read, CancellationToken cancellationToken)
    {
        Task<TValue> value;
        lock (_lock)
            value = Find(key) is { IsFaulted: false, IsCanceled: false } known ? known : Keep(key, Task.Run(read, CancellationToken.None));
        return value.WaitAsync(cancellationToken);
    }

    /// <summary>The value of a key where it is kept and read.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_lock)
        {
            var isRead = Find(key) is { IsCompletedSuccessfully: true };
            value = isRead ? _entries[key].Value.Value.Result : default;
            return isRead;
        }
    }

    /// <summary>Keeps a value, in the place of what is kept for its key.</summary>
    public void Set(string key, TValue value)
    {
        lock (_lock)
            Keep(key, Task.FromResult(value));
    }

    /// <summary>Forgets a key.</summary>
    public void Remove(string key)
    {
        lock (_lock)
            Forget(key);
    }

    private Task<TValue>? Find(string key)
    {
        if (!_entries.TryGetValue(key, out var entry))
            return null;
        _byUse.Remove(entry);
        _byUse.AddLast(entry);
        return entry.Value.Value;
    }

    private Task<TValue> Keep(string key, Task<TValue> value)
    {
        Forget(key);
        if (_entries.Count == kept)
            Forget(_byUse.First!.Value.Key);
        _entries[key] = _byUse.AddLast(new Entry(key, value));
        return value;
    }

    private void Forget(string key)
    {
        if (_entries.Remove(key, out var entry))
            _byUse.Remove(entry);
    }

    private sealed record Entry(string Key, Task<TValue> Value);
}
