using System.Diagnostics.Metrics;

namespace Pipeline.Diagnostics;

/// <summary>
/// What the stages measure: the meter <c>Pipeline</c>. docs/operating.md explains each instrument. Dimensions have few
/// values: no list, submission or URL is one. A host exports it by OpenTelemetry; without a listener, a measurement
/// costs nothing.
/// </summary>
internal static class PipelineMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Pipeline";

    /// <summary>Name of the counter of records.</summary>
    public const string RecordsName = "pipeline.records";

    /// <summary>Name of the histogram of <see cref="MeasureLag"/>.</summary>
    public const string LagName = "pipeline.hop.lag";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Posts = Meter.CreateCounter<long>(
        "pipeline.posts", "{post}", "POSTs to Nimble, by what is known after them.");

    private static readonly Counter<long> PostedUrls = Meter.CreateCounter<long>(
        "pipeline.posted_urls", "{url}", "URLs in POSTs that Nimble accepted.");

    private static readonly Counter<long> Webhooks = Meter.CreateCounter<long>(
        "pipeline.webhooks", "{webhook}", "Webhooks, by the pipeline's answer.");

    private static readonly Counter<long> Records = Meter.CreateCounter<long>(
        RecordsName, "{record}", "Records, by the page's HTTP status and by how the result was learnt of.");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "pipeline.failures", "{failure}", "Inputs that failed, by reason.");

    private static readonly Counter<long> DeadLetters = Meter.CreateCounter<long>(
        "pipeline.dead_letters", "{message}", "Messages that failed their last try, by queue.");

    private static readonly Counter<long> ClosedLists = Meter.CreateCounter<long>(
        "pipeline.lists.closed", "{list}", "Lists that closed with a manifest.");

    private static readonly Histogram<double> Lag = Meter.CreateHistogram<double>(
        LagName, "s", "How long an input spent in one hop on its way.");

    private static readonly Histogram<double> SweepDuration = Meter.CreateHistogram<double>(
        "pipeline.sweep.duration", "s", "How long a pass of Sweep took.");

    private static readonly Gauge<long> OpenLists = Meter.CreateGauge<long>(
        "pipeline.lists.open", "{list}", "Lists that are open, as the last pass of Sweep found them.");

    private static readonly Gauge<double> OldestList = Meter.CreateGauge<double>(
        "pipeline.lists.oldest_age", "s", "Age of the oldest open list; 0 if none is open.");

    private static readonly Gauge<double> Overdue = Meter.CreateGauge<double>(
        "pipeline.sweep.overdue", "s", "How late the latest look of the last pass of Sweep was.");

    private static readonly Gauge<double> UnknownAge = Meter.CreateGauge<double>(
        "pipeline.submissions.unknown_age", "s", "Time since a POST of which it is not known whether it was accepted.");

    /// <summary>Counts a POST.</summary>
    /// <param name="outcome"><c>accepted</c>, <c>refused</c>, <c>held</c> or <c>unknown</c>.</param>
    /// <param name="httpStatus">What Nimble answered with; null without an answer.</param>
    /// <param name="urls">Number of URLs in it.</param>
    public static void CountPost(string outcome, int? httpStatus, int urls)
    {
        Posts.Add(
            1, new("pipeline.post.outcome", outcome), new("http.response.status_code", httpStatus));
        if (outcome == "accepted")
            PostedUrls.Add(urls);
    }

    /// <summary>Counts a webhook by the name of the answer to it.</summary>
    public static void CountWebhook(string answer) =>
        Webhooks.Add(1, new KeyValuePair<string, object?>("pipeline.webhook.answer", answer.ToLowerInvariant()));

    /// <summary>Counts a record.</summary>
    /// <param name="httpStatus">The page's status; null if it is not known.</param>
    /// <param name="discoveredBy">How its result was learnt of: <c>webhook</c> or <c>sweep</c>.</param>
    public static void CountRecord(int? httpStatus, string discoveredBy) =>
        Records.Add(
            1,
            new("pipeline.http.class", httpStatus is { } status ? $"{status / 100}xx" : "unknown"),
            new("pipeline.discovered_by", discoveredBy));

    /// <summary>Counts an input that failed.</summary>
    public static void CountFailure(string reason) =>
        Failures.Add(1, new KeyValuePair<string, object?>("error.type", reason));

    /// <summary>Counts a message that failed its last try.</summary>
    public static void CountDeadLetter(string queue) =>
        DeadLetters.Add(1, new KeyValuePair<string, object?>("messaging.destination.name", queue));

    /// <summary>
    /// Measures one hop: <c>post</c> (the request and its answer), <c>result</c> (from acceptance to record or
    /// failure), <c>collect</c> (from the first hint to the record).
    /// </summary>
    public static void MeasureLag(string hop, TimeSpan lag) =>
        Lag.Record(Math.Max(0, lag.TotalSeconds), new KeyValuePair<string, object?>("pipeline.hop", hop));

    /// <summary>Counts a list that closed.</summary>
    public static void CountClosedList() => ClosedLists.Add(1);

    /// <summary>Measures a submission of which it is not known whether Nimble accepted it.</summary>
    public static void MeasureUnknown(TimeSpan sincePost) => UnknownAge.Record(sincePost.TotalSeconds);

    /// <summary>Measures a pass of Sweep and what it found.</summary>
    public static void MeasureSweep(TimeSpan duration, TimeSpan overdue, int openLists, TimeSpan oldest)
    {
        SweepDuration.Record(duration.TotalSeconds);
        Overdue.Record(overdue.TotalSeconds);
        OpenLists.Record(openLists);
        OldestList.Record(oldest.TotalSeconds);
    }
}
