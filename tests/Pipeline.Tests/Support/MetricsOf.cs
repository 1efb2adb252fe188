using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Pipeline.Tests.Support;

/// <summary>
/// Records what a meter measures in the flow of the test that made it: other tests measure at the same time.
/// </summary>
internal sealed class MetricsOf : IDisposable
{
    private static readonly AsyncLocal<MetricsOf?> Current = new();

    private readonly ConcurrentQueue<RecordedMetric> _recorded = new();
    private readonly MeterListener _listener = new();

    public MetricsOf(string meter)
    {
        Current.Value = this;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == meter)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public IReadOnlyList<RecordedMetric> Recorded => [.. _recorded];

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
        if (Current.Value != this)
            return;
        var dimensions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, tag) in tags)
            dimensions[key] = Convert.ToString(tag, System.Globalization.CultureInfo.InvariantCulture) ?? "";
        _recorded.Enqueue(new(instrument.Name, dimensions, value));
    }
}

/// <summary>One measurement.</summary>
internal sealed record RecordedMetric(string Name, IReadOnlyDictionary<string, string> Dimensions, double Value);
