using Pipeline.Model;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Nimble;

/// <summary>
/// The turns that this process has reserved from the pace of all processes and not used yet. If requests wait and no
/// turn is left, it reserves one for each, at most a quarter of a second's worth. So a busy process reserves only a few
/// times a second, and others need not wait for unused turns.
/// </summary>
internal sealed class ReservedTurns(IRequestPace pace, TimeSpan interval, TimeProvider time, Action onReserved)
    : ITurns
{
    // An unused turn expires after this time. Otherwise a process that reserved too many could send them all at once
    // later.
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
            // Without the ledger, the limit holds for this process alone. A request that could get an answer must not
            // fail because of that; its work needs the ledger anyway, and fails there with the reason.
            return time.GetUtcNow();
        }
    }

    private readonly record struct Turn(DateTimeOffset At, DateTimeOffset VoidAt);
}
