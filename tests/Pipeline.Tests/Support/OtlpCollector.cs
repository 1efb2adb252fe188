using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Tests.Support;

/// <summary>A span that a collector received.</summary>
internal sealed record OtlpSpan(
    string TraceId, string Id, string ParentId, string Name, long Start, long End,
    IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<string> LinkedTraces, bool HasFailed);

/// <summary>A log line that a collector received.</summary>
internal sealed record OtlpLog(
    string Severity, string Body, string TraceId, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A data point of a metric.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Attributes">The dimensions.</param>
/// <param name="Value">The sum of a counter, the value of a gauge, or the count of a histogram.</param>
/// <param name="Bounds">Number of a histogram's bounds; otherwise 0.</param>
internal sealed record OtlpPoint(
    string Name, string Unit, IReadOnlyDictionary<string, string> Attributes, double Value, int Bounds)
{
    /// <summary>The metric with its dimensions, such as <c>pipeline.records{pipeline.http.class=2xx}</c>.</summary>
    public override string ToString() =>
        $"{Name}{{{string.Join(',', Attributes.OrderBy(a => a.Key, StringComparer.Ordinal)
            .Select(a => $"{a.Key}={a.Value}"))}}}";
}

/// <summary>A collector: a server that takes OTLP over HTTP in protobuf and keeps what it received.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly TestServer _server;

    private OtlpCollector(TestServer server) => _server = server;

    /// <summary>The standard variables that configure it as the exporter's target.</summary>
    public (string Name, string Value)[] Variables =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", _server.Address.AbsoluteUri), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "200"), ("OTEL_BSP_SCHEDULE_DELAY", "200"), ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
    ];

    /// <summary>Everything received, as text; names and values appear unchanged.</summary>
    public string Raw => string.Concat(_server.Seen.Select(request => Encoding.UTF8.GetString(request.Body)));

    public IReadOnlyList<OtlpSpan> Spans =>
    [
        .. Records("/v1/traces", 2).Select(span => new OtlpSpan(
            span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), span.Number(7) ?? 0, span.Number(8) ?? 0,
            Attributes(span, 9), [.. span.Each(13).Select(link => link.Hex(1))],
            span.Each(15).Any(status => status.Number(3) == 2))),
    ];

    public IReadOnlyList<OtlpLog> Logs =>
    [
        .. Records("/v1/logs", 2).Select(log =>
            new OtlpLog(log.Text(3), log.Each(5).Single().Text(1), log.Hex(9), Attributes(log, 6))),
    ];

    /// <summary>The last point of each metric and each combination of its dimensions.</summary>
    public IReadOnlyDictionary<string, OtlpPoint> Metrics =>
        Series.ToDictionary(points => points.Key, points => points.Last(), StringComparer.Ordinal);

    private IEnumerable<IGrouping<string, OtlpPoint>> Series => Records("/v1/metrics", 2).SelectMany(Points)
        .GroupBy(point => point.ToString(), StringComparer.Ordinal);

    public static async Task<OtlpCollector> StartAsync() =>
        new(await TestServer.StartAsync(context => context.Response.WriteAsync("")));

    /// <summary>The sum of a metric over the dimensions that are not given.</summary>
    public double Sum(string name, params (string Key, string Value)[] of) =>
        Metrics.Values.Where(point => Fits(point, name, of)).Sum(point => point.Value);

    /// <summary>The same for the greatest values received, because a gauge may have dropped since.</summary>
    public double Peak(string name, params (string Key, string Value)[] of) => Series
        .Select(points => points.MaxBy(point => point.Value)!)
        .Where(point => Fits(point, name, of))
        .Sum(point => point.Value);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>The spans of a trace as a tree, one a line, children below their parent.</summary>
    public string DrawTrace(string traceId)
    {
        var spans = Spans.Where(span => span.TraceId == traceId).OrderBy(span => span.Start).ToList();
        var known = spans.Select(span => span.Id).ToHashSet(StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (var root in spans.Where(span => !known.Contains(span.ParentId)))
            Draw(root, "");
        return text.ToString();

        void Draw(OtlpSpan span, string indent)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture, $"{indent}{span.Name} ({(span.End - span.Start) / 1e6:0.0} ms)");
            foreach (var child in spans.Where(child => child.ParentId == span.Id))
                Draw(child, indent + "  ");
        }
    }

    /// <summary>Metrics and log, one a line.</summary>
    public string DrawMetricsAndLog() => string.Join('\n', [
        .. Metrics.Values.Select(point => string.Create(
            CultureInfo.InvariantCulture, $"{point} = {point.Value:0.###} {point.Unit}")),
        .. Logs.Select(log => $"{log.Severity}: {log.Body} [{string.Join(", ", log.Attributes)}] trace {log.TraceId}"),
    ]);

    private static bool Fits(OtlpPoint point, string name, (string Key, string Value)[] of) =>
        point.Name == name && of.All(one => point.Attributes.GetValueOrDefault(one.Key) == one.Value);

    private static IEnumerable<OtlpPoint> Points(ProtobufFields metric)
    {
        var (name, unit) = (metric.Text(1), metric.Text(3));
        foreach (var point in metric.Each(5).Concat(metric.Each(7)).SelectMany(data => data.Each(1)))
            yield return new(name, unit, Attributes(point, 7), point.Number(6) ?? point.Double(4) ?? 0, 0);
        foreach (var point in metric.Each(9).SelectMany(data => data.Each(1)))
            yield return new(
                name, unit, Attributes(point, 9), point.Number(4) ?? 0, point.Each(7).Sum(b => b.Message.Length / 8));
    }

    /// <summary>The records of a signal: they lie three levels deep in each of its requests.</summary>
    private IEnumerable<ProtobufFields> Records(string path, int number) => _server.Seen
        .Where(request => request.PathAndQuery == path)
        .SelectMany(request => new ProtobufFields(request.Body).Each(1))
        .SelectMany(resource => resource.Each(2))
        .SelectMany(scope => scope.Each(number));

    private static Dictionary<string, string> Attributes(ProtobufFields of, int number)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in of.Each(number))
            found[attribute.Text(1)] = attribute.Each(2).Select(ValueOf).SingleOrDefault() ?? "";
        return found;
    }

    private static string ValueOf(ProtobufFields value) => value.Number(3) is { } number
        ? number.ToString(CultureInfo.InvariantCulture)
        : value.Text(1);
}
