using System.Runtime.InteropServices;

namespace Pipeline;

/// <summary>
/// Has what comes at the same time done in one go: while something of a key is being done, what comes meanwhile waits for the next go. So what comes alone
/// waits for nobody, and a burst costs few round trips.
/// </summary>
/// <param name="max">How many at most in one go.</param>
/// <param name="handle">Does them. What it throws is thrown to all who wait for them.</param>
internal sealed class Gathering<TKey, TItem>(int max, Func<TKey, IReadOnlyList<TItem>, Task> handle)
    where TKey : notnull
{
    private readonly Lock _lock = new();

    // A key is here as long as something of it is being done.
    private readonly Dictionary<TKey, Queue<Group>> _waiting = [];

    /// <summary>Adds one; ends when it is done.</summary>
    /// <param name="key">What is of different keys is never done together.</param>
    /// <param name="item">It.</param>
    /// <param name="cancellationToken">Stops the waiting only: it may be done all the same.</param>
    public Task AddAsync(TKey key, TItem item, CancellationToken cancellationToken)
    {
        Group group;
        bool isBusy;
        lock (_lock)
        {
            ref var groups = ref CollectionsMarshal.GetValueRefOrAddDefault(_waiting, key, out isBusy);
            groups ??= new();
            if (groups.LastOrDefault() is not { } last || last.Items.Count == max)
                groups.Enqueue(last = new());
            group = last;
            group.Items.Add(item);
        }

        if (!isBusy)
            _ = HandleAsync(key);
        return group.Done.Task.WaitAsync(cancellationToken);
    }

    private async Task HandleAsync(TKey key)
    {
        while (Next(key) is { } group)
        {
            try
            {
                await handle(key, group.Items);
                group.Done.SetResult();
            }
            // It is theirs who wait; what comes next is done all the same.
            catch (Exception error)
            {
                group.Done.SetException(error);
            }
        }
    }

    private Group? Next(TKey key)
    {
        lock (_lock)
        {
            if (_waiting[key].TryDequeue(out var group))
                return group;
            _waiting.Remove(key);
            return null;
        }
    }

    private sealed class Group
    {
        public List<TItem> Items { get; } = [];

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
