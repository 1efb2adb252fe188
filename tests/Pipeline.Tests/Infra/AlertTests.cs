using System.Text.RegularExpressions;
using System.Xml;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Infra;

/// <summary>
/// Alerts search the log for sentences and numbers. One that searches for a line nobody logs would never fire.
/// </summary>
public sealed partial class AlertTests
{
    private static readonly string[] Templates =
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => Template().Matches(File.ReadAllText(f)))
            .Select(m => string.Concat(m.Groups[1].Captures.Select(text => text.Value))),
    ];

    [Fact]
    public async Task EveryQueryMatchesALineThatTheCodeLogs()
    {
        var rules = await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules");
        Assert.Equal(7, rules.Count);
        foreach (var rule in rules)
        {
            var criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0];
            var query = criterion.GetProperty("query").GetString()!;
            var sentences = Sentence().Matches(query).Select(m => m.Groups[1].Value).ToList();
            Assert.True(sentences.Count > 0 || query.StartsWith("AppRequests", StringComparison.Ordinal), query);
            var found = sentences.Select(
                sentence =>
                    Assert.Single(
                        Templates,
                        t =>
                            Placeholder().Split(t).Any(
                                part => part.Contains(sentence, StringComparison.Ordinal)))).ToList();
            foreach (Match property in Property().Matches(query))
                Assert.All(found, template => Assert.Matches($@"\{{{property.Groups[1].Value}(:[^}}]*)?\}}", template));
        }
    }

    [Fact]
    public async Task EveryAlertIsExplained()
    {
        var page = Repository.Read("docs/operating.md");
        string[] kinds = ["Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/metricAlerts"];
        var rules = (await Task.WhenAll(kinds.Select(Bicep.ResourcesAsync))).SelectMany(rules => rules).ToList();
        Assert.Equal(9, rules.Count);
        foreach (var name in rules.Select(rule => rule.GetProperty("name").GetString()!))
            Assert.Contains($"| `{name[..name.LastIndexOf('-')]}` |", page, StringComparison.Ordinal);
    }

    /// <summary>Telemetry may arrive minutes late, and a rule looks at each moment only while its window has it.</summary>
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

    /// <summary>The texts of a message, which may be cut in several.</summary>
    [GeneratedRegex(@"Message\s*=\s*(?:\+?\s*""((?:[^""\\]|\\.)*)""\s*)+")]
    private static partial Regex Template();

    [GeneratedRegex(@"Message contains ""([^""]+)""")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"Properties\.(\w+)")]
    private static partial Regex Property();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Placeholder();
}
