using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>A condition on a dimension of a metric: <c>==</c>, <c>!=</c> or <c>startswith</c> a value.</summary>
internal sealed record AlertFilter(string Dimension, string Operator, string Value)
{
    public bool Admits(RecordedMetric one)
    {
        var value = one.Dimensions.GetValueOrDefault(Dimension, "");
        return Operator switch
        {
            "==" => value == Value,
            "!=" => value != Value,
            _ => value.StartsWith(Value, StringComparison.Ordinal),
        };
    }
}

/// <summary>
/// A rule of alerts.bicep that queries <c>AppMetrics</c>, evaluated over measurements as Azure Monitor does. All
/// queries have one shape, which this class enforces.
/// </summary>
internal sealed partial record AlertRule(
    string Name, string Metric, IReadOnlyList<AlertFilter> Filters, string Aggregation, string Column, double Threshold,
    TimeSpan? Silence)
{
    /// <summary>The meter of ASP.NET Core, and the metric that alerts read from it.</summary>
    public const string RequestMeter = "Microsoft.AspNetCore.Hosting";

    /// <inheritdoc cref="RequestMeter"/>
    public const string RequestDuration = "http.server.request.duration";

    public static async Task<IReadOnlyList<AlertRule>> ReadAsync() =>
        [.. (await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules")).Select(Read)];

    /// <summary>Whether it fires.</summary>
    public bool Fires(IReadOnlyList<RecordedMetric> recorded)
    {
        var rows = recorded
            .Where(one => one.Name == Metric && Filters.All(filter => filter.Admits(one)))
            .ToList();
        if (Silence is { } silence)
            return rows.Count > 0 && rows.Max(row => row.At) < MetricsOf.Now - silence;
        var value = (Aggregation, Column) switch
        {
            ("Total", "Sum") => rows.Sum(row => row.Value),
            ("Total", "ItemCount") => rows.Count,
            ("Maximum", "Max") => rows.Select(row => row.Value).DefaultIfEmpty().Max(),
            _ => throw new InvalidOperationException($"{Name} aggregates {Column} by {Aggregation}."),
        };
        return value > Threshold;
    }

    private static AlertRule Read(JsonElement rule)
    {
        var criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0];
        var query = criterion.GetProperty("query").GetString()!;
        var shape = Query().Match(query);
        Assert.True(shape.Success, query);
        Assert.Equal("GreaterThan", criterion.GetProperty("operator").GetString());
        var name = rule.GetProperty("name").GetString()!;
        return new(
            name[..name.LastIndexOf('-')],
            shape.Groups["metric"].Value,
            [
                .. Compared().Matches(query).Select(
                    match => new AlertFilter(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value)),
                .. Empty().Matches(query).Select(match => new AlertFilter(match.Groups[1].Value, "==", "")),
            ],
            criterion.GetProperty("timeAggregation").GetString()!,
            criterion.TryGetProperty("metricMeasureColumn", out var column) ? column.GetString()! : "",
            criterion.GetProperty("threshold").GetDouble(),
            shape.Groups["minutes"] is { Success: true } minutes
                ? TimeSpan.FromMinutes(int.Parse(minutes.Value, System.Globalization.CultureInfo.InvariantCulture))
                : null);
    }

    [GeneratedRegex(
        """^AppMetrics \| where Name == "(?<metric>[\w.]+)"( and [^|]+?)?"""
            + """( \| summarize Last = max\(TimeGenerated\) \| where Last < ago\((?<minutes>\d+)m\))?$""")]
    private static partial Regex Query();

    [GeneratedRegex(@"and tostring\(Properties\[""([\w.]+)""\]\) (==|!=|startswith) ""([^""]*)""")]
    private static partial Regex Compared();

    [GeneratedRegex("""and isempty\(tostring\(Properties\["([\w.]+)"\]\)\)""")]
    private static partial Regex Empty();
}
