using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Concurrency;

/// <summary>
/// A queue whose keys take turns: one item of each key, then the next of each. However many items one key has, another
/// key's first item waits for one item of every other key only. Items of one key keep their order. Not thread-safe.
/// </summary>
internal sealed class FairQueue<T>
{
    private readonly Dictionary<string, Queue<T>> _items = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = [];

    /// <summary>Adds an item behind those of its key.</summary>
    public void Enqueue(string key, T item)
    {
        if (!_items.TryGetValue(key, out var own))
        {
            _items[key] = own = [];
            _turns.Enqueue(key);
        }

        own.Enqueue(item);
    }

    /// <summary>Takes the next item of the key whose turn it is; false if the queue is empty.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        if (!_turns.TryDequeue(out var key))
        {
            item = default;
            return false;
        }

        var own = _items[key];
        item = own.Dequeue();
        if (own.Count > 0)
            _turns.Enqueue(key);
        else
            _items.Remove(key);
        return true;
    }
}
