using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Pipeline.Diagnostics;

namespace Pipeline.Tests.Diagnostics;

/// <summary>Neither lists nor replies can add values to a dimension without limit.</summary>
public sealed class PipelineMetricsTests
{
    [Fact]
    [Trait("Promise", "9")]
    public void AResultMayNameAnyStatus()
    {
        var classes = new ConcurrentDictionary<string, bool>();
        using var listener = Listen("pipeline.records", tags => classes[(string)tags["pipeline.http.class"]!] = true);

        foreach (var status in Enumerable.Range(-1000, 100_000).Append(int.MinValue).Append(int.MaxValue))
            PipelineMetrics.CountRecord(status, "webhook");
        PipelineMetrics.CountRecord(null, "webhook");

        string[] known = ["1xx", "2xx", "3xx", "4xx", "5xx", "other", "unknown"];
        Assert.Equal(known, classes.Keys.Order());
    }

    private static MeterListener Listen(string name, Action<Dictionary<string, object?>> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == PipelineMetrics.MeterName && instrument.Name == name)
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => measured(new(tags.ToArray())));
        listener.Start();
        return listener;
    }
}
