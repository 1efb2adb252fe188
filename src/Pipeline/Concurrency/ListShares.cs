namespace Pipeline.Concurrency;

/// <summary>
/// Keeps one list from taking all slots of a worker. If a list has used its share, two of its messages wait in line for
/// the next slot; the others wait a moment and are then postponed. The slots above the share stay free for other lists,
/// however slow the work of the first one is.
/// </summary>
/// <param name="perList">Maximum number of slots of one list; the worker has more than that and the line.</param>
/// <param name="time">The clock.</param>
internal sealed class ListShares(int perList, TimeProvider time)
{
    /// <summary>Delay of postponed messages.</summary>
    public static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    // Work waits longer if its list makes progress, and hardly at all if it does not: other lists may be queued behind
    // it.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Impatience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Standstill = TimeSpan.FromSeconds(1);

    // Keeps a slot of the list from staying empty while its messages are postponed.
    private const int NextInLine = 2;

    private readonly TimeProvider _time = time;
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);

    /// <summary>Waits briefly for a slot of the list's share.</summary>
    /// <returns>The slot, which the caller disposes; null if none is free.</returns>
    public async Task<IDisposable?> TryEnterAsync(string listId, CancellationToken cancellationToken)
    {
        var share = Join(listId);
        try
        {
            if (await share.TryWaitAsync(_time, cancellationToken))
                return new Slot(this, share);
        }
        catch
        {
            Leave(share);
            throw;
        }

        Leave(share);
        return null;
    }

    /// <summary>Waits for a slot of the list's share, however long that takes.</summary>
    /// <returns>The slot, which the caller disposes.</returns>
    public async Task<IDisposable> EnterAsync(string listId, CancellationToken cancellationToken)
    {
        var share = Join(listId);
        try
        {
            await share.WaitAsync(_time, cancellationToken);
            return new Slot(this, share);
        }
        catch
        {
            Leave(share);
            throw;
        }
    }

    private Share Join(string listId)
    {
        lock (_shares)
        {
            if (!_shares.TryGetValue(listId, out var share))
                _shares[listId] = share = new(listId, perList, _time.GetTimestamp());
            share.Users++;
            return share;
        }
    }

    private void Leave(Share share)
    {
        lock (_shares)
        {
            if (--share.Users > 0)
                return;
            _shares.Remove(share.ListId);
        }

        share.Slots.Dispose();
    }

    private sealed class Share(string listId, int slots, long moved)
    {
        private long _moved = moved;
        private int _inLine;

        public string ListId => listId;

        public SemaphoreSlim Slots { get; } = new(slots);

        public int Users { get; set; }

        public async Task WaitAsync(TimeProvider time, CancellationToken cancellationToken)
        {
            await Slots.WaitAsync(cancellationToken);
            Move(time);
        }

        public async Task<bool> TryWaitAsync(TimeProvider time, CancellationToken cancellationToken)
        {
            if (Slots.Wait(0, CancellationToken.None))
                return Move(time);
            try
            {
                if (Interlocked.Increment(ref _inLine) > NextInLine)
                    return await TryWaitAMomentAsync(time, cancellationToken);
                await WaitAsync(time, cancellationToken);
                return true;
            }
            finally
            {
                Interlocked.Decrement(ref _inLine);
            }
        }

        private async Task<bool> TryWaitAMomentAsync(TimeProvider time, CancellationToken cancellationToken)
        {
            var stands = time.GetElapsedTime(Interlocked.Read(ref _moved)) > Standstill;
            using var timer = new CancellationTokenSource(stands ? Impatience : Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
            try
            {
                await Slots.WaitAsync(either.Token);
                return Move(time);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }

        public bool Move(TimeProvider time)
        {
            Interlocked.Exchange(ref _moved, time.GetTimestamp());
            return true;
        }
    }

    private sealed class Slot(ListShares shares, Share share) : IDisposable
    {
        private bool _isLeft;

        public void Dispose()
        {
            if (_isLeft)
                return;
            _isLeft = true;
            share.Move(shares._time);
            share.Slots.Release();
            shares.Leave(share);
        }
    }
}
