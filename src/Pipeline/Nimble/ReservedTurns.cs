using Pipeline.Model;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Nimble;

/// <summary>
/// The turns that this process has reserved from the pace of all processes, and not used yet. While requests wait and
/// none is left, it reserves as many as there are requests, at most a quarter of a second's worth: enough that a busy
/// process reserves a few times a second, few enough that others need not wait for turns that nobody uses.
/// </summary>
internal sealed class ReservedTurns(IRequestPace pace, TimeSpan interval, TimeProvider time, Action onReserved)
    : ITurns
{
    // A turn that was not used for so long is void. Otherwise a process that reserved more than it needed could send
    // them all at once later.
    private static readonly TimeSpan ValidFor = TimeSpan.FromSeconds(1);

    private readonly int _most = (int)Math.Max(1, Math.Ceiling(TimeSpan.FromSeconds(0.25) / interval));
    private readonly Lock _lock = new();
    private readonly Queue<Turn> _turns = [];
    private bool _isReserving;

    /// <inheritdoc/>
    public TimeSpan? UntilNext(int waiting)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            while (_turns.TryPeek(out var turn))
            {
                if (now < turn.VoidAt)
                    return turn.At - now;
                _turns.Dequeue();
            }

            if (!_isReserving)
            {
                _isReserving = true;
                _ = ReserveAsync(Math.Min(waiting, _most));
            }

            return null;
        }
    }

    /// <inheritdoc/>
    public void Take()
    {
        lock (_lock)
            _turns.Dequeue();
    }

    private async Task ReserveAsync(int count)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var first = await FindFirstAsync(count);
        lock (_lock)
        {
            var now = time.GetUtcNow();
            for (var i = 0; i < count; i++)
            {
                var turn = first + (i * interval);
                _turns.Enqueue(new(turn, (turn < now ? now : turn) + ValidFor));
            }

            _isReserving = false;
        }

        onReserved();
    }

    private async Task<DateTimeOffset> FindFirstAsync(int count)
    {
        try
        {
            return await pace.ReserveAsync(count, interval, time.GetUtcNow(), CancellationToken.None);
        }
        catch (PipelineException)
        {
            // Without the ledger the limit holds for this process alone. A request that finds an answer now must not
            // fail for that; the work that it is for needs the ledger anyway, and fails there with the reason.
            return time.GetUtcNow();
        }
    }

    private readonly record struct Turn(DateTimeOffset At, DateTimeOffset VoidAt);
}
