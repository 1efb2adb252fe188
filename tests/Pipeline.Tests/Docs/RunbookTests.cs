using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Model;
using Pipeline.Reports;
using Pipeline.Tests.Infra;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>
/// docs/runbook.md has one entry for each alert, each verdict and each failure reason, and none for anything else.
/// </summary>
public sealed partial class RunbookTests
{
    [Fact]
    public async Task EveryAlertHasItsEntryAndLinksToIt()
    {
        var alerts = await AlertsAsync();
        Assert.NotEmpty(alerts);
        Assert.Equal(alerts.Keys.Order(), NamesBelow("Alerts").Order());
        foreach (var (name, description) in alerts)
            Assert.EndsWith($"{Runbook.Path}#{name}", description);
    }

    [Fact]
    public void EveryReasonOfAVerdictHasItsEntry()
    {
        var own = Verdicts.Actions.Keys.Except(FailureReasonNames()).ToList();
        Assert.Equal(own.Order(), NamesBelow("What work waits for").Order());
        var holds = Enum.GetValues<HoldReason>().Except([HoldReason.None]).Select(hold => hold.ToString());
        Assert.All(holds, hold => Assert.Contains(JsonNamingPolicy.SnakeCaseLower.ConvertName(hold), own));
    }

    [Fact]
    public void EveryFailureReasonHasItsEntry() =>
        Assert.Equal(FailureReasonNames(), NamesBelow("Failures"));

    [Fact]
    public void EveryLevelOfAVerdictIsExplained() =>
        Assert.All(
            Enum.GetNames<VerdictLevel>(),
            level => Assert.Contains($"*{level}*", Repository.Read(Runbook.Path), StringComparison.Ordinal));

    /// <summary>A name is an anchor, so two entries may not share one.</summary>
    [Fact]
    public void EveryEntrySaysWhatItMeansWhatToLookAtAndWhatToDoOrNot()
    {
        Assert.Equal(Runbook.Entries.Count, Runbook.Entries.Select(entry => entry.Name).Distinct().Count());
        Assert.All(Runbook.Entries, entry =>
        {
            string[] parts = ["It means", "Look at", "Do", "Do not"];
            Assert.Equal(parts, Part().Matches(entry.Text).Select(part => part.Groups[1].Value));
            Assert.NotEmpty(entry.Commands);
        });
    }

    [Fact]
    public void EveryLinkToTheRunbookLeadsToAnEntry()
    {
        var anchors = Runbook.Entries.Select(entry => entry.Name)
            .Concat(Runbook.Entries.Select(entry => entry.Section.ToLowerInvariant().Replace(' ', '-')))
            .ToHashSet();
        var pages = Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Select(File.ReadAllText)
            .Append(Repository.Read("README.md"));
        var links = pages.SelectMany(page => Link().Matches(page)).Concat(OwnLink().Matches(
            Repository.Read(Runbook.Path))).Select(link => link.Groups[1].Value).ToList();
        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.Contains(link, anchors));
    }

    private static IEnumerable<string> NamesBelow(string section) =>
        Runbook.Entries.Where(entry => entry.Section == section).Select(entry => entry.Name);

    private static IEnumerable<string> FailureReasonNames() => typeof(FailureReasons)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (string)field.GetRawConstantValue()!);

    private static async Task<Dictionary<string, string>> AlertsAsync()
    {
        string[] kinds = ["Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/metricAlerts"];
        var rules = await Task.WhenAll(kinds.Select(Bicep.ResourcesAsync));
        return rules.SelectMany(kind => kind).ToDictionary(
            rule => rule.GetProperty("name").GetString()! is var name ? name[..name.LastIndexOf('-')] : "",
            rule => rule.GetProperty("properties").GetProperty("description").GetString()!);
    }

    [GeneratedRegex(@"^- \*\*(It means|Look at|Do not|Do)\*\*", RegexOptions.Multiline)]
    private static partial Regex Part();

    [GeneratedRegex(@"runbook\.md#([\w-]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\]\(#([\w-]+)\)")]
    private static partial Regex OwnLink();
}
