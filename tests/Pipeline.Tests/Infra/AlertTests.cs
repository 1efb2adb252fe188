using System.Text.RegularExpressions;
using System.Xml;
using Pipeline.Callback;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>Alerts query what the app measures. One that queries what nobody measures would never fire.</summary>
public sealed partial class AlertTests
{
    [Fact]
    public async Task EveryQueryReadsAMetricThatTheCodeMeasures()
    {
        var source = Repository.Read("src/Pipeline/Diagnostics/PipelineMetrics.cs");
        var rules = await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules");
        Assert.Equal(8, rules.Count);
        string[] known = ["held", .. Enum.GetNames<CallbackAnswer>().Select(name => name.ToLowerInvariant())];
        foreach (var rule in rules)
        {
            var criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0];
            var query = criterion.GetProperty("query").GetString()!;
            if (query.StartsWith("AppRequests", StringComparison.Ordinal))
                continue;
            Assert.Contains(Metric().Match(query).Groups[1].Value, Instruments.All.Select(one => one.Name));
            foreach (Match dimension in Dimension().Matches(query))
            {
                Assert.Contains($"\"{dimension.Groups[1].Value}\"", source, StringComparison.Ordinal);
                Assert.Contains(dimension.Groups[2].Value, known);
            }
        }
    }

    [Fact]
    public async Task EveryAlertIsExplained()
    {
        var page = Repository.Read("docs/operating.md");
        string[] kinds = ["Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/metricAlerts"];
        var rules = (await Task.WhenAll(kinds.Select(Bicep.ResourcesAsync))).SelectMany(rules => rules).ToList();
        Assert.Equal(10, rules.Count);
        foreach (var name in rules.Select(rule => rule.GetProperty("name").GetString()!))
            Assert.Contains($"| `{name[..name.LastIndexOf('-')]}` |", page, StringComparison.Ordinal);
    }

    /// <summary>
    /// Telemetry may arrive minutes late, and a rule looks at each moment only while its window has it.
    /// </summary>
    [Fact]
    public async Task NoQueryMissesTelemetryThatArrivesLate()
    {
        foreach (var rule in await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules"))
            Assert.True(
                XmlConvert.ToTimeSpan(rule.GetProperty("properties").GetProperty("windowSize").GetString()!)
                    >= TimeSpan.FromMinutes(30));
    }

    /// <summary>A deployment that has never logged a sweep has just begun.</summary>
    [Fact]
    public async Task ANewDeploymentIsNotSilent()
    {
        var rule = Assert.Single(
            await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules"),
            r => r.GetProperty("name").GetString()!.StartsWith("sweep-silent", StringComparison.Ordinal));
        var criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0];
        Assert.Equal("GreaterThan", criterion.GetProperty("operator").GetString());
        Assert.Contains("max(TimeGenerated)", criterion.GetProperty("query").GetString(), StringComparison.Ordinal);
    }

    /// <summary>
    /// By default the exporter drops the logs of every invocation whose trace was not sampled: under load, nearly all
    /// of them.
    /// </summary>
    [Fact]
    public void TheLogThatAlertsReadIsNotSampled() =>
        Assert.Contains(
            "EnableTraceBasedLogsSampler = false", Repository.Read("src/Pipeline.Functions/Telemetry.cs"),
            StringComparison.Ordinal);

    [GeneratedRegex(@"^AppMetrics \| where Name == ""([^""]+)""")]
    private static partial Regex Metric();

    [GeneratedRegex(@"Properties\[""([^""]+)""\]\) == ""([^""]+)""")]
    private static partial Regex Dimension();
}
