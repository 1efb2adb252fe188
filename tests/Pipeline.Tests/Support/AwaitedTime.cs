using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Tests.Support;

/// <summary>
/// A clock that tells whether somebody waits for it. A test that advances it only then lets no time pass while work is
/// under way, however slow the machine is.
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

    /// <summary>Whether a timer is set that has not fired.</summary>
    public bool IsAwaited => !_waits.IsEmpty;

    /// <summary>Whether a timer that has not fired was set to this time from its start.</summary>
    public bool IsAwaitedFor(TimeSpan wait) => _waits.Values.Contains(wait);

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

    /// <summary>Is known to its clock while it is set.</summary>
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
