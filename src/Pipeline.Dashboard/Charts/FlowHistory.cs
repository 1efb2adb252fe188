using System.Diagnostics.Metrics;
using Pipeline.Diagnostics;

namespace Pipeline.Dashboard.Charts;

/// <summary>A stretch of time in a chart.</summary>
/// <param name="From">Its begin, UTC.</param>
/// <param name="PerMinute">Records a minute.</param>
/// <param name="Nimble">Time from POST to report.</param>
/// <param name="Collect">Time from report to record.</param>
internal sealed record FlowPoint(DateTimeOffset From, double PerMinute, LagSketch Nimble, LagSketch Collect);

/// <summary>
/// Keeps how fast records came in this process, a row a minute for the last day: about 1 MB, whatever comes. It begins
/// anew with each process.
/// </summary>
internal sealed class FlowHistory : IDisposable
{
    private const int Minutes = 24 * 60;

    private readonly Lock _lock = new();
    private readonly MinuteRow[] _rows = new MinuteRow[Minutes];
    private readonly MeterListener _listener = new();
    private readonly TimeProvider _time;

    public FlowHistory(TimeProvider time)
    {
        _time = time;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == FlowMeter.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, seconds, _, _) => Add(instrument.Name, seconds));
        _listener.Start();
    }

    /// <summary>The last stretches of time, the oldest first.</summary>
    /// <param name="count">Their number.</param>
    /// <param name="minutes">The length of each in minutes.</param>
    public IReadOnlyList<FlowPoint> Read(int count, int minutes)
    {
        var last = Minute(_time.GetUtcNow()) / minutes;
        lock (_lock)
            return [.. Enumerable.Range(0, count).Select(i => Sum((last - count + 1 + i) * minutes, minutes))];
    }

    public void Dispose() => _listener.Dispose();

    private void Add(string hop, double seconds)
    {
        var minute = Minute(_time.GetUtcNow());
        lock (_lock)
        {
            var row = _rows[minute % Minutes] ??= new();
            if (row.Minute != minute)
                row.Reset(minute);
            (hop == FlowMeter.Nimble ? row.Nimble : row.Collect).Add(seconds);
        }
    }

    private FlowPoint Sum(long minute, int minutes)
    {
        var (nimble, collect) = (new LagSketch(), new LagSketch());
        for (var i = minute; i < minute + minutes; i++)
            if (_rows[(int)(i % Minutes)] is { } row && row.Minute == i)
            {
                nimble.Add(row.Nimble);
                collect.Add(row.Collect);
            }
        return new(DateTimeOffset.UnixEpoch.AddMinutes(minute), collect.Count / (double)minutes, nimble, collect);
    }

    private static long Minute(DateTimeOffset time) => time.ToUnixTimeSeconds() / 60;

    private sealed class MinuteRow
    {
        public long Minute { get; private set; } = -1;

        public LagSketch Nimble { get; } = new();

        public LagSketch Collect { get; } = new();

        public void Reset(long minute)
        {
            Minute = minute;
            Nimble.Clear();
            Collect.Clear();
        }
    }
}
