using System.Runtime.InteropServices;

namespace Pipeline.Concurrency;

/// <summary>
/// Coalesces concurrent calls per key: while one batch runs, later calls join the next. A single call is handled at
/// once unless it must wait for others, and a burst costs few round trips.
/// </summary>
/// <param name="maxItems">Maximum number of items in one batch.</param>
/// <param name="handle">Handles one batch. If it throws, every caller of that batch gets the exception.</param>
/// <param name="waitFor">
/// How long a batch that is not full waits for more items of its key; null for no wait. Called before each batch.
/// </param>
/// <param name="time">The clock of that wait.</param>
internal sealed class Coalescer<TKey, TItem>(
    int maxItems, Func<TKey, IReadOnlyList<TItem>, Task> handle, Func<TKey, TimeSpan>? waitFor = null,
    TimeProvider? time = null)
    where TKey : notnull
{
    private readonly Lock _lock = new();

    // A key is present while one of its batches runs.
    private readonly Dictionary<TKey, Queue<Batch>> _waiting = [];

    /// <summary>Adds an item; completes when its batch has been handled.</summary>
    /// <param name="key">Items of different keys never share a batch.</param>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Cancels the wait only; the item may still be handled.</param>
    public Task AddAsync(TKey key, TItem item, CancellationToken cancellationToken) =>
        AddAllAsync(key, [item], cancellationToken);

    /// <summary>
    /// Adds items together, so that as few batches as possible handle them; completes when all have been handled.
    /// </summary>
    /// <param name="key">Items of different keys never share a batch.</param>
    /// <param name="items">The items; at least one.</param>
    /// <param name="cancellationToken">Cancels the wait only; the items may still be handled.</param>
    public Task AddAllAsync(TKey key, IReadOnlyList<TItem> items, CancellationToken cancellationToken)
    {
        var handled = new List<Task>(1);
        bool isRunning;
        lock (_lock)
        {
            ref var batches = ref CollectionsMarshal.GetValueRefOrAddDefault(_waiting, key, out isRunning);
            batches ??= new();
            foreach (var item in items)
            {
                if (batches.LastOrDefault() is not { } last || last.Items.Count == maxItems)
                    batches.Enqueue(last = new());
                last.Items.Add(item);
                if (last.Items.Count == maxItems)
                    last.Full.SetResult();
                if (handled.Count == 0 || handled[^1] != last.Done.Task)
                    handled.Add(last.Done.Task);
            }
        }

        if (!isRunning)
            _ = HandleAsync(key);
        return (handled.Count == 1 ? handled[0] : Task.WhenAll(handled)).WaitAsync(cancellationToken);
    }

    private async Task HandleAsync(TKey key)
    {
        while (await NextAsync(key) is { } batch)
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

    private async ValueTask<Batch?> NextAsync(TKey key)
    {
        Batch? batch;
        lock (_lock)
        {
            if (!_waiting[key].TryPeek(out batch))
            {
                _waiting.Remove(key);
                return null;
            }
        }

        if (waitFor?.Invoke(key) is { } wait && wait > TimeSpan.Zero)
            await Task.WhenAny(batch.Full.Task, Task.Delay(wait, time ?? TimeProvider.System));
        lock (_lock)
            return _waiting[key].Dequeue();
    }

    private sealed class Batch
    {
        public List<TItem> Items { get; } = [];

        public TaskCompletionSource Full { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
