using System.Text.RegularExpressions;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect;

/// <summary>The table of answers in docs/decisions.md names existing tests and existing reasons.</summary>
public sealed partial class AnswerTableTests
{
    private static readonly string[] Rows = [.. Repository.Read("docs/decisions.md").Split('\n')
        .SkipWhile(line => !line.StartsWith("| source | answer |", StringComparison.Ordinal))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))];

    [Fact]
    public void EveryRowNamesTestsThatExist()
    {
        var classes = typeof(AnswerTableTests).Assembly.GetTypes().Select(type => type.Name).ToHashSet();
        Assert.True(Rows.Length > 20);
        Assert.All(Rows, row =>
        {
            var named = Names().Matches(row.Split('|')[^2]).Select(match => match.Groups[1].Value).ToList();
            Assert.NotEmpty(named);
            Assert.Empty(named.Except(classes));
        });
    }

    [Fact]
    public void EveryReasonInTheTableIsKnown()
    {
        var reasons = FailureRemedies.All.Select(remedy => remedy.Reason).ToHashSet();
        var named = Rows.SelectMany(row => Names().Matches(row.Split('|')[3]))
            .Select(match => match.Groups[1].Value)
            .Where(name => name.Contains('_'));
        Assert.Empty(named.Except([.. reasons, "result_url"]));
    }

    [GeneratedRegex("`([A-Za-z_]+)`")]
    private static partial Regex Names();
}
