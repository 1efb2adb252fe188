using System.Runtime.InteropServices;

namespace Pipeline.Concurrency;

/// <summary>
/// Coalesces concurrent calls per key: while one batch runs, later calls join the next. A single call is handled at
/// once, and a burst costs few round trips.
/// </summary>
/// <param name="maxItems">Maximum number of items in one batch.</param>
/// <param name="handle">Handles one batch. If it throws, every caller of that batch gets the exception.</param>
internal sealed class Coalescer<TKey, TItem>(int maxItems, Func<TKey, IReadOnlyList<TItem>, Task> handle)
    where TKey : notnull
{
    private readonly Lock _lock = new();

    // A key is present while one of its batches runs.
    private readonly Dictionary<TKey, Queue<Batch>> _waiting = [];

    /// <summary>Adds an item; completes when its batch has been handled.</summary>
    /// <param name="key">Items of different keys never share a batch.</param>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Cancels the wait only; the item may still be handled.</param>
    public Task AddAsync(TKey key, TItem item, CancellationToken cancellationToken)
    {
        Batch batch;
        bool isRunning;
        lock (_lock)
        {
            ref var batches = ref CollectionsMarshal.GetValueRefOrAddDefault(_waiting, key, out isRunning);
            batches ??= new();
            if (batches.LastOrDefault() is not { } last || last.Items.Count == maxItems)
                batches.Enqueue(last = new());
            batch = last;
            batch.Items.Add(item);
        }

        if (!isRunning)
            _ = HandleAsync(key);
        return batch.Done.Task.WaitAsync(cancellationToken);
    }

    private async Task HandleAsync(TKey key)
    {
        while (Next(key) is { } batch)
        {
            try
            {
                await handle(key, batch.Items);
                batch.Done.SetResult();
            }
            // The callers of this batch get the exception; the next batch still runs.
            catch (Exception error)
            {
                batch.Done.SetException(error);
            }
        }
    }

    private Batch? Next(TKey key)
    {
        lock (_lock)
        {
            if (_waiting[key].TryDequeue(out var batch))
                return batch;
            _waiting.Remove(key);
            return null;
        }
    }

    private sealed class Batch
    {
        public List<TItem> Items { get; } = [];

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
