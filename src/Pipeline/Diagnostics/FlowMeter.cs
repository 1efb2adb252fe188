using System.Diagnostics.Metrics;

namespace Pipeline.Diagnostics;

/// <summary>
/// Measures how long results take from hop to hop, in seconds, as instruments of .NET: pages draw them, and any exporter
/// of OpenTelemetry can be told to take the meter.
/// </summary>
internal static class FlowMeter
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Pipeline";

    /// <summary>From the POST until a webhook or Sweep reported the result.</summary>
    public const string Nimble = "pipeline.nimble.duration";

    /// <summary>From that report until the record was written.</summary>
    public const string Collect = "pipeline.collect.duration";

    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> NimbleTimes = Meter.CreateHistogram<double>(
        Nimble, "s", "Time from the POST until the result was reported.");

    private static readonly Histogram<double> CollectTimes = Meter.CreateHistogram<double>(
        Collect, "s", "Time from the report of a result until its record was written.");

    /// <summary>Notes a record.</summary>
    /// <param name="posted">When its submission was posted; null if that is unknown.</param>
    /// <param name="reported">When its result was reported.</param>
    /// <param name="written">When it was written.</param>
    public static void AddRecord(DateTimeOffset? posted, DateTimeOffset reported, DateTimeOffset written)
    {
        if (posted is { } start)
            NimbleTimes.Record(Math.Max(0, (reported - start).TotalSeconds));
        CollectTimes.Record(Math.Max(0, (written - reported).TotalSeconds));
    }
}
