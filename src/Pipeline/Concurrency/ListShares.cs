namespace Pipeline.Concurrency;

/// <summary>
/// Keeps one list from taking all the slots of a worker. Work of a list that has its share waits a moment and is then put
/// off, so that what is above the share stays free for other lists, however slow the first one's work is.
/// </summary>
/// <param name="perList">The share of one list; fewer than the worker's slots.</param>
/// <param name="time">The clock.</param>
internal sealed class ListShares(int perList, TimeProvider time)
{
    /// <summary>After what time the put-off work is to come again.</summary>
    public static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    // Work waits where its list gets on, and hardly at all where that stands still: what is behind it may be another list's.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_impatience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_standstill = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = time;
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);

    /// <summary>Waits a moment for a slot of the list's share.</summary>
    /// <returns>The slot, to dispose; null where there is none for now.</returns>
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

        public string ListId => listId;

        public SemaphoreSlim Slots { get; } = new(slots);

        public int Users { get; set; }

        public async Task<bool> TryWaitAsync(TimeProvider time, CancellationToken cancellationToken)
        {
            if (Slots.Wait(0, CancellationToken.None))
                return Move(time);
            var stands = time.GetElapsedTime(Interlocked.Read(ref _moved)) > s_standstill;
            using var timer = new CancellationTokenSource(stands ? s_impatience : s_patience, time);
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
