using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Tests.Support;

/// <summary>
/// A fake clock that knows whether anything waits for it. If a test advances it only then, no time passes while work is
/// in progress, however slow the machine is.
/// </summary>
internal sealed class AwaitedTime : FakeTimeProvider
{
    private readonly ConcurrentDictionary<ITimer, TimeSpan> _waits = [];

    public AwaitedTime()
    {
    }

    public AwaitedTime(DateTimeOffset start) : base(start)
    {
    }

    /// <summary>A clock set to the present second, for a server that clients with a real clock call.</summary>
    public static AwaitedTime AtPresent() =>
        new(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));

    /// <summary>Whether a timer is set that has not fired.</summary>
    public bool IsAwaited => !_waits.IsEmpty;

    /// <summary>Whether a timer that has not fired was set to this time from its start.</summary>
    public bool IsAwaitedFor(TimeSpan wait) => _waits.Values.Contains(wait);

    /// <summary>Waits until a timer is set to this time from its start, and lets the time pass.</summary>
    public async Task PassAsync(TimeSpan wait)
    {
        await Patience.UntilAsync(() => IsAwaitedFor(wait));
        Advance(wait);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new KnownTimer(this);
        timer.Start(
            base.CreateTimer(
                fired =>
                {
                    timer.Fire();
                    callback(fired);
                },
                state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan),
            dueTime, period);
        return timer;
    }

    /// <summary>Registers with its clock while it is set.</summary>
    private sealed class KnownTimer(AwaitedTime time) : ITimer
    {
        private ITimer _timer = null!;
        private bool _isPeriodic;

        public void Start(ITimer timer, TimeSpan dueTime, TimeSpan period)
        {
            _timer = timer;
            Change(dueTime, period);
        }

        public void Fire()
        {
            if (!_isPeriodic)
                time._waits.TryRemove(this, out _);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _isPeriodic = period > TimeSpan.Zero;
            if (dueTime == Timeout.InfiniteTimeSpan)
                time._waits.TryRemove(this, out _);
            else
                time._waits[this] = dueTime;
            return _timer.Change(dueTime, period);
        }

        public void Dispose()
        {
            time._waits.TryRemove(this, out _);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
