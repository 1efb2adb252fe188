using System.Diagnostics.Metrics;

namespace Pipeline.Diagnostics;

/// <summary>
/// Measurements of the stages: the meter <c>Pipeline</c>; <see cref="StateMetrics"/> has the rest of it.
/// docs/telemetry.md explains each instrument. Dimensions have few values, whatever a list or a reply contains: none is
/// a list, submission or URL. A host exports the meter by OpenTelemetry; without a listener, a measurement costs
/// nothing.
/// </summary>
internal static class PipelineMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Pipeline";

    /// <summary>Name of the meter of ASP.NET Core, which measures the requests that a host answers.</summary>
    public const string RequestMeterName = "Microsoft.AspNetCore.Hosting";

    /// <summary>Name of the counter of records.</summary>
    public const string RecordsName = "pipeline.records";

    /// <summary>Name of the histogram of <see cref="MeasureLag"/>.</summary>
    public const string LagName = "pipeline.hop.lag";

    internal static readonly Meter Meter = new(MeterName);

    // From a hundredth of a second to a day, because the default bounds are for milliseconds.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries =
            [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400],
    };

    private static readonly Counter<long> Posts = Meter.CreateCounter<long>(
        "pipeline.posts", "{post}", "POSTs to Nimble, by what is known after them.");

    private static readonly Counter<long> PostedUrls = Meter.CreateCounter<long>(
        "pipeline.posted_urls", "{url}", "URLs in POSTs that Nimble accepted.");

    private static readonly Counter<long> Webhooks = Meter.CreateCounter<long>(
        "pipeline.webhooks", "{webhook}", "Webhooks, by the pipeline's answer.");

    private static readonly Counter<long> Records = Meter.CreateCounter<long>(
        RecordsName, "{record}", "Records, by the page's HTTP status and by what reported the result.");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "pipeline.failures", "{failure}", "Inputs that failed, by reason and by what reported the result.");

    private static readonly Counter<long> Hints = Meter.CreateCounter<long>(
        "pipeline.hints", "{task}", "Tasks that webhooks named, by whether they were new.");

    private static readonly Counter<double> Cost = Meter.CreateCounter<double>(
        "pipeline.cost.estimated", "{currency}", "Accepted URLs times PricePerUrl, in the currency of that price.");

    private static readonly Counter<long> ResultBytes = Meter.CreateCounter<long>(
        "pipeline.result.bytes", "By", "Bytes of results as stored, by where they were read.");

    private static readonly Counter<long> RecordBytes = Meter.CreateCounter<long>(
        "pipeline.record.bytes", "By", "Bytes of records that were stored.");

    private static readonly Counter<long> DeadLetters = Meter.CreateCounter<long>(
        "pipeline.dead_letters", "{message}", "Messages that failed their last attempt, by queue.");

    private static readonly Counter<long> ClosedLists = Meter.CreateCounter<long>(
        "pipeline.lists.closed", "{list}", "Lists that closed with a manifest.");

    private static readonly Histogram<double> Lag = Meter.CreateHistogram<double>(
        LagName, "s", "How long an input spent in one hop.", tags: null, Seconds);

    private static readonly Histogram<double> SweepDuration = Meter.CreateHistogram<double>(
        "pipeline.sweep.duration", "s", "How long a pass of Sweep took.", tags: null, Seconds);

    private static readonly Counter<long> SweepLooks = Meter.CreateCounter<long>(
        "pipeline.sweep.looks", "{submission}", "Due submissions that Sweep checked.");

    private static readonly Gauge<double> Overdue = Meter.CreateGauge<double>(
        "pipeline.sweep.overdue", "s",
        "How long the oldest due submission had waited when a pass of Sweep began: maximum of the last two minutes.");

    private static readonly Gauge<double> UnknownAge = Meter.CreateGauge<double>(
        "pipeline.submissions.unknown_age", "s", "Time since a POST whose acceptance is unknown; 0 for none.");

    /// <summary>Counts a POST.</summary>
    /// <param name="outcome"><c>accepted</c>, <c>refused</c>, <c>held</c> or <c>unknown</c>.</param>
    /// <param name="httpStatus">Status of Nimble's answer; null without an answer.</param>
    /// <param name="urls">Number of URLs in it.</param>
    /// <param name="pricePerUrl">Their price; null if none is configured.</param>
    public static void CountPost(string outcome, int? httpStatus, int urls, decimal? pricePerUrl)
    {
        Posts.Add(
            1, new("pipeline.post.outcome", outcome), new("http.response.status_code", httpStatus));
        if (outcome != "accepted")
            return;
        PostedUrls.Add(urls);
        if (pricePerUrl is { } price)
            Cost.Add((double)price * urls);
    }

    /// <summary>Counts tasks that a webhook named.</summary>
    /// <param name="outcome">
    /// <c>new</c>; <c>repeated</c> if the input already had its outcome; <c>foreign</c> if the submission has no such
    /// task, which is then not checked.
    /// </param>
    /// <param name="tasks">Number of tasks.</param>
    public static void CountHints(string outcome, int tasks)
    {
        if (tasks > 0)
            Hints.Add(tasks, new KeyValuePair<string, object?>("pipeline.hint.outcome", outcome));
    }

    /// <summary>Counts the bytes of a result.</summary>
    /// <param name="source">Where it was read from: the scheme of the store, or <c>api</c>.</param>
    /// <param name="bytes">Its size as stored.</param>
    public static void CountResultBytes(string source, long bytes) =>
        ResultBytes.Add(bytes, new KeyValuePair<string, object?>("pipeline.result.source", source));

    /// <summary>Counts the bytes of a record that was stored.</summary>
    public static void CountRecordBytes(long bytes) => RecordBytes.Add(bytes);

    /// <summary>Counts a webhook by our answer to it.</summary>
    public static void CountWebhook(string answer) =>
        Webhooks.Add(1, new KeyValuePair<string, object?>("pipeline.webhook.answer", answer.ToLowerInvariant()));

    /// <summary>Counts a record.</summary>
    /// <param name="httpStatus">The page's status; null if it is not known.</param>
    /// <param name="discoveredBy">How the pipeline learned of its result: <c>webhook</c> or <c>sweep</c>.</param>
    public static void CountRecord(int? httpStatus, string discoveredBy) =>
        Records.Add(
            1,
            new("pipeline.http.class", ClassOf(httpStatus)),
            new("pipeline.discovered_by", discoveredBy));

    /// <summary>Counts an input that failed.</summary>
    /// <param name="reason">One of the reasons of failures.</param>
    /// <param name="discoveredBy">How the pipeline learned of its result; <c>none</c> if it has none.</param>
    public static void CountFailure(string reason, string discoveredBy) =>
        Failures.Add(1, new("error.type", reason), new("pipeline.discovered_by", discoveredBy));

    /// <summary>Counts a message that failed its last attempt.</summary>
    public static void CountDeadLetter(string queue) =>
        DeadLetters.Add(1, new KeyValuePair<string, object?>("messaging.destination.name", queue));

    /// <summary>
    /// Measures one hop: <c>plan</c> (from the acceptance of a list until it is planned), <c>post</c> (the request and
    /// its answer), <c>hint</c> (from Nimble's acceptance to a webhook), <c>result</c> (from Nimble's acceptance to
    /// record or failure), <c>collect</c> (from the first hint to the record), <c>list</c> (from the acceptance of a
    /// list to its manifest).
    /// </summary>
    public static void MeasureLag(string hop, TimeSpan lag) =>
        Lag.Record(Math.Max(0, lag.TotalSeconds), new KeyValuePair<string, object?>("pipeline.hop", hop));

    /// <summary>Counts a list that closed.</summary>
    public static void CountClosedList() => ClosedLists.Add(1);

    /// <summary>Measures a submission whose acceptance is unknown; zero if there is none.</summary>
    public static void MeasureUnknown(TimeSpan sincePost) => UnknownAge.Record(Math.Max(0, sincePost.TotalSeconds));

    /// <summary>Measures a completed pass of Sweep.</summary>
    /// <param name="duration">How long it took.</param>
    /// <param name="looks">Number of submissions that it checked.</param>
    /// <param name="overdue">How long the oldest of them had waited, or the oldest of another recent pass.</param>
    public static void MeasureSweep(TimeSpan duration, int looks, TimeSpan overdue)
    {
        SweepDuration.Record(duration.TotalSeconds);
        SweepLooks.Add(looks);
        Overdue.Record(overdue.TotalSeconds);
    }

    /// <summary>Measures a pass of Sweep that failed.</summary>
    /// <param name="duration">How long it took.</param>
    /// <param name="errorType">Name of the exception's type.</param>
    public static void MeasureFailedSweep(TimeSpan duration, string errorType) => SweepDuration.Record(
        duration.TotalSeconds, new KeyValuePair<string, object?>("error.type", errorType));

    /// <summary>The class of a page's status. A result may name any number, and each would become a series.</summary>
    private static string ClassOf(int? httpStatus) => httpStatus switch
    {
        >= 100 and < 200 => "1xx",
        >= 200 and < 300 => "2xx",
        >= 300 and < 400 => "3xx",
        >= 400 and < 500 => "4xx",
        >= 500 and < 600 => "5xx",
        null => "unknown",
        _ => "other",
    };
}
