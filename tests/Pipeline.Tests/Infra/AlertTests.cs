using System.Text.RegularExpressions;
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
        Assert.Equal(6, rules.Count);
        foreach (var rule in rules)
        {
            var criterion = rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0];
            var query = criterion.GetProperty("query").GetString()!;
            var sentences = Sentence().Matches(query).Select(m => m.Groups[1].Value).ToList();
            Assert.NotEmpty(sentences);
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
        foreach (var rule in await Bicep.ResourcesAsync("Microsoft.Insights/scheduledQueryRules"))
            Assert.Contains(
                $"`{rule.GetProperty("name").GetString()!.Split("-test-")[0]}`", page, StringComparison.Ordinal);
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
