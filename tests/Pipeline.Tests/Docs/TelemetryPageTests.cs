using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Diagnostics;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>docs/telemetry.md lists exactly what the code measures and traces.</summary>
public sealed partial class TelemetryPageTests
{
    private static readonly string Page = Repository.Read("docs/telemetry.md");

    [Fact]
    public void EveryMetricIsOnThePageWithItsUnit()
    {
        var told = MetricRow().Matches(Page).Select(row => (row.Groups[1].Value, row.Groups[2].Value)).ToList();
        Assert.NotEmpty(Instruments.All);
        Assert.Equal(
            Instruments.All.Select(one => (one.Name, one.Unit!)).Order(), told.Order());
    }

    [Fact]
    public void EveryDimensionIsOnThePage()
    {
        var told = MetricRow().Matches(Page)
            .SelectMany(row => Name().Matches(row.Groups[3].Value).Select(name => name.Groups[1].Value))
            .Where(name => name.Contains('.'))
            .ToHashSet();
        Assert.Equal(Instruments.Dimensions.Order(), told.Order());
    }

    [Fact]
    public void EverySpanIsOnThePage()
    {
        var source = string.Concat(Directory.EnumerateFiles(
            Path.Combine(Repository.Root, "src", "Pipeline"), "*.cs", SearchOption.AllDirectories).Select(
                File.ReadAllText));
        var spans = Span().Matches(source).Select(span => span.Groups[1].Value).Distinct().ToList();
        Assert.Equal(6, spans.Count);
        Assert.All(spans, span => Assert.Contains($"| `{span}` |", Page, StringComparison.Ordinal));
        Assert.Contains($"`{ListTrace.IdOf("LIST_ID").ToHexString()}`", Page, StringComparison.Ordinal);
    }

    /// <summary>A webhook's path ends with its token. At a level below Warning, the host would log it.</summary>
    [Fact]
    [Trait("Promise", "6")]
    public void TheHostLogsNoPathOfARequest()
    {
        var levels = JsonElement.Parse(Repository.Read("host.json")).GetProperty("logging").GetProperty("logLevel");
        string[] categories =
            ["Microsoft.AspNetCore", "Microsoft.Azure.WebJobs.Script.WebHost.Middleware", "System.Net.Http", "Yarp"];
        Assert.All(categories, category => Assert.Equal("Warning", levels.GetProperty(category).GetString()));
    }

    [GeneratedRegex(@"^\| `(pipeline\.[a-z_.]+)` \| `([^`]+)` \|([^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex MetricRow();

    [GeneratedRegex("`([a-z_.]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"ListTrace\.RunAsync\(\s*""([^""]+)""")]
    private static partial Regex Span();
}
