using System.Diagnostics.Metrics;
using Pipeline.Diagnostics;

namespace Pipeline.Dashboard.Charts;

/// <summary>A stretch of time in a chart.</summary>
/// <param name="From">Its begin, UTC.</param>
/// <param name="PerMinute">Records a minute.</param>
/// <param name="Hops">Times by hop: <c>post</c>, <c>result</c>, <c>collect</c>.</param>
internal sealed record FlowPoint(DateTimeOffset From, double PerMinute, IReadOnlyDictionary<string, LagSketch> Hops);

/// <summary>
/// Keeps what <see cref="PipelineMetrics"/> measured in this process, a row a minute for the last day: less than 2 MB,
/// whatever comes. It begins anew with each process.
/// </summary>
internal sealed class FlowHistory : IDisposable
{
    /// <summary>The hops of <see cref="PipelineMetrics.MeasureLag"/>, in the order of the stages.</summary>
    public static readonly IReadOnlyList<string> Hops = ["post", "result", "collect"];

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
            if (instrument.Meter.Name == PipelineMetrics.MeterName
                && instrument.Name is PipelineMetrics.LagName or PipelineMetrics.RecordsName)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => AddLag(seconds, tags));
        _listener.SetMeasurementEventCallback<long>((_, records, _, _) => Now(row => row.Records += records));
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

    private void AddLag(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
            if (tag is { Key: "pipeline.hop", Value: string hop } && Hops.Contains(hop))
                Now(row => row.Lags[hop].Add(seconds));
    }

    private void Now(Action<MinuteRow> change)
    {
        var minute = Minute(_time.GetUtcNow());
        lock (_lock)
        {
            var row = _rows[minute % Minutes] ??= new();
            if (row.Minute != minute)
                row.Reset(minute);
            change(row);
        }
    }

    private FlowPoint Sum(long minute, int minutes)
    {
        var sum = new MinuteRow();
        for (var i = minute; i < minute + minutes; i++)
            if (_rows[(int)(i % Minutes)] is { } row && row.Minute == i)
                sum.Add(row);
        return new(DateTimeOffset.UnixEpoch.AddMinutes(minute), sum.Records / (double)minutes, sum.Lags);
    }

    private static long Minute(DateTimeOffset time) => time.ToUnixTimeSeconds() / 60;

    private sealed class MinuteRow
    {
        public long Minute { get; private set; } = -1;

        public long Records { get; set; }

        public Dictionary<string, LagSketch> Lags { get; } = Hops.ToDictionary(hop => hop, _ => new LagSketch());

        public void Add(MinuteRow other)
        {
            Records += other.Records;
            foreach (var (hop, lags) in other.Lags)
                Lags[hop].Add(lags);
        }

        public void Reset(long minute)
        {
            (Minute, Records) = (minute, 0);
            foreach (var lags in Lags.Values)
                lags.Clear();
        }
    }
}
