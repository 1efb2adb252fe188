using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Pipeline.Tests.Support;

/// <summary>
/// Records what meters measure in the flow of the test that created it, because other tests measure at the same time. A
/// server has another flow; its measurements count if they carry <see cref="Tag"/>.
/// </summary>
internal sealed class MetricsOf : IDisposable
{
    private static readonly AsyncLocal<MetricsOf?> Current = new();

    private readonly ConcurrentQueue<RecordedMetric> _recorded = new();
    private readonly MeterListener _listener = new();
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

    public MetricsOf(params string[] meters)
    {
        Current.Value = this;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>A dimension that marks a measurement as the test's.</summary>
    public KeyValuePair<string, object?> Tag { get; } = new("test", Guid.NewGuid().ToString());

    /// <summary>The time of the next measurement.</summary>
    public static DateTimeOffset Now => Current.Value!._now;

    public IReadOnlyList<RecordedMetric> Recorded => [.. _recorded];

    /// <summary>Lets time pass between two measurements.</summary>
    public static void Advance(TimeSpan time) => Current.Value!._now += time;

    /// <summary>The last value of a metric with these dimensions; null if it was not measured.</summary>
    public double? Last(string name, params (string Key, string Value)[] of) => Recorded.LastOrDefault(
        one => one.Name == name && of.All(tag => one.Dimensions.GetValueOrDefault(tag.Key) == tag.Value))?.Value;

    public void Dispose()
    {
        Current.Value = null;
        _listener.Dispose();
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Current.Value != this && !tags.Contains(Tag))
            return;
        var dimensions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, tag) in tags)
            dimensions[key] = Convert.ToString(tag, CultureInfo.InvariantCulture) ?? "";
        _recorded.Enqueue(new(instrument.Name, dimensions, value, _now));
    }
}

/// <summary>One measurement.</summary>
internal sealed record RecordedMetric(
    string Name, IReadOnlyDictionary<string, string> Dimensions, double Value, DateTimeOffset At);
