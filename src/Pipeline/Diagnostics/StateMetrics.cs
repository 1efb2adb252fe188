using System.Diagnostics.Metrics;

namespace Pipeline.Diagnostics;

/// <summary>
/// The state as the last pass of Sweep found it: gauges of the meter <c>Pipeline</c>. Exporting them reads nothing, so
/// a collector that asks often costs no request.
/// </summary>
internal static class StateMetrics
{
    private static readonly Gauge<long> OpenLists = Create(
        "pipeline.lists.open", "{list}", "Lists that are open, as the last pass of Sweep found them.");

    private static readonly Gauge<double> OldestList = CreateAge(
        "pipeline.lists.oldest_age", "Age of the oldest open list; 0 if none is open.");

    private static readonly Gauge<long> Lists = Create("pipeline.lists.count", "{list}", "Open lists by state.");

    private static readonly Gauge<long> SkippedLists = Create(
        "pipeline.lists.skipped", "{list}", "Open lists beyond the limits of a count; the counts leave them out.");

    private static readonly Gauge<long> Submissions = Create(
        "pipeline.submissions.count", "{submission}", "Submissions of open lists by state.");

    private static readonly Gauge<long> Inputs = Create(
        "pipeline.inputs.count", "{input}", "Inputs of open lists by outcome, or by what they wait for.");

    private static readonly Gauge<double> OldestInput = CreateAge(
        "pipeline.inputs.oldest_age", "Age of the oldest input without an outcome; 0 if all have one.");

    private static readonly Gauge<long> QueueLength = Create(
        "pipeline.queue.length", "{message}",
        "Messages in a queue, including those that are delayed or being handled.");

    private static readonly Gauge<double> QueueAge = CreateAge(
        "pipeline.queue.head_age", "How long the first deliverable message has waited; 0 for none.");

    private static readonly Gauge<long> BudgetUsed = Create(
        "pipeline.budget.used", "{url}", "Used URLs of today's budget; not measured without a budget.");

    private static readonly Gauge<long> BudgetLimit = Create(
        "pipeline.budget.limit", "{url}", "Today's budget; not measured without one.");

    /// <summary>Whether anybody listens. If not, nothing needs to be counted.</summary>
    public static bool IsEnabled => Lists.Enabled || Inputs.Enabled || QueueAge.Enabled;

    /// <summary>Measures the open lists that a pass of Sweep found.</summary>
    public static void MeasureOpenLists(int count, TimeSpan oldest)
    {
        OpenLists.Record(count);
        OldestList.Record(Math.Max(0, oldest.TotalSeconds));
    }

    /// <summary>Measures lists by state. Include states without lists; otherwise their last value stays.</summary>
    public static void MeasureLists(IEnumerable<KeyValuePair<string, long>> byState, long skipped)
    {
        Measure(Lists, "pipeline.list.state", byState);
        SkippedLists.Record(skipped);
    }

    /// <summary>Measures submissions by state.</summary>
    public static void MeasureSubmissions(IEnumerable<KeyValuePair<string, long>> byState) =>
        Measure(Submissions, "pipeline.submission.state", byState);

    /// <summary>Measures inputs by state.</summary>
    public static void MeasureInputs(IEnumerable<KeyValuePair<string, long>> byState, TimeSpan oldest)
    {
        Measure(Inputs, "pipeline.input.state", byState);
        OldestInput.Record(Math.Max(0, oldest.TotalSeconds));
    }

    /// <summary>Measures a queue.</summary>
    public static void MeasureQueue(string queue, long length, TimeSpan headAge)
    {
        var name = new KeyValuePair<string, object?>("messaging.destination.name", queue);
        QueueLength.Record(length, name);
        QueueAge.Record(Math.Max(0, headAge.TotalSeconds), name);
    }

    /// <summary>Measures the day's budget.</summary>
    public static void MeasureBudget(long used, long limit)
    {
        BudgetUsed.Record(used);
        BudgetLimit.Record(limit);
    }

    private static void Measure(Gauge<long> gauge, string dimension, IEnumerable<KeyValuePair<string, long>> byState)
    {
        foreach (var (state, count) in byState)
            gauge.Record(count, new KeyValuePair<string, object?>(dimension, state));
    }

    private static Gauge<long> Create(string name, string unit, string description) =>
        PipelineMetrics.Meter.CreateGauge<long>(name, unit, description);

    private static Gauge<double> CreateAge(string name, string description) =>
        PipelineMetrics.Meter.CreateGauge<double>(name, "s", description);
}
