using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>Workbook and Grafana show every metric that the code measures, by its name, and no other.</summary>
public sealed partial class ChartTests
{
    [Fact]
    public void TheWorkbookReadsTheMetricsOfTheCode()
    {
        var queries = JsonElement.Parse(Repository.Read("infra/azure/workbook.json")).GetProperty("items")
            .EnumerateArray()
            .Where(item => item.GetProperty("type").GetInt32() == 3)
            .Select(item => item.GetProperty("content").GetProperty("query").GetString()!)
            .ToList();
        var quoted = queries.SelectMany(query => Quoted().Matches(query).Select(match => match.Groups[1].Value));
        var dimensions = queries.SelectMany(query => Property().Matches(query).Select(match => match.Groups[1].Value));
        Assert.Equal(
            Instruments.All.Select(one => one.Name).Order(), quoted.Except(Instruments.Dimensions).Distinct().Order());
        Assert.Subset(Instruments.Dimensions.ToHashSet(), dimensions.ToHashSet());
        Assert.All(queries, query => Assert.StartsWith("AppMetrics | where TimeGenerated ", query));
    }

    [Fact]
    public async Task TheWorkbookIsDeployedOverTheWorkspace()
    {
        var workbook = Assert.Single(await Bicep.ResourcesAsync("Microsoft.Insights/workbooks"));
        var data = workbook.GetProperty("properties").GetProperty("serializedData").GetString();
        Assert.Contains("pipeline.hop.lag", data, StringComparison.Ordinal);
        Assert.Contains("WORKSPACE_ID", data, StringComparison.Ordinal);
    }

    [Fact]
    public void GrafanaReadsTheMetricsOfTheCode()
    {
        var expressions = JsonElement.Parse(Repository.Read("infra/grafana/pipeline.json")).GetProperty("panels")
            .EnumerateArray()
            .Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)
            .ToList();
        var names = expressions.SelectMany(one => Word().Matches(one).Select(word => word.Value)).ToHashSet();
        var labels = Instruments.Dimensions.Select(name => name.Replace('.', '_')).ToHashSet();
        var known = Instruments.All.ToDictionary(one => one.Name, one => InPrometheus(one).ToList());

        Assert.Empty(names.Except(known.Values.SelectMany(all => all)).Except(labels));
        Assert.Empty(known.Where(one => !one.Value.Exists(names.Contains)).Select(one => one.Key));
    }

    /// <summary>The names that a collector gives to a metric for Prometheus.</summary>
    private static IEnumerable<string> InPrometheus(Instrument instrument)
    {
        var name = instrument.Name.Replace('.', '_');
        var unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" when !name.EndsWith("_bytes", StringComparison.Ordinal) => "_bytes",
            _ => "",
        };
        var type = instrument.GetType().Name;
        return type.StartsWith("Histogram", StringComparison.Ordinal)
            ? [$"{name}{unit}_bucket", $"{name}{unit}_sum", $"{name}{unit}_count"]
            : [type.StartsWith("Counter", StringComparison.Ordinal) ? $"{name}{unit}_total" : $"{name}{unit}"];
    }

    [GeneratedRegex("\"([a-z_.]+)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("""Properties\["([^"]+)"\]""")]
    private static partial Regex Property();

    [GeneratedRegex(@"\b(pipeline|messaging)_\w+\b")]
    private static partial Regex Word();
}
