using System.Text.RegularExpressions;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Docs;

/// <summary>Figures in README equal those in docs/performance.md and docs/reliability.md.</summary>
public sealed partial class ReadmeFiguresTests
{
    private static readonly string Section = Repository.Read("README.md").Split("\n## Figures\n")[1].Split("\n## ")[0];

    [Fact]
    public void EveryFigureAndItsVerdictAreThoseThatWereMeasured()
    {
        var measured = Repository.Read("docs/performance.md").Split('\n');
        var rows = Row().Matches(Section);

        Assert.InRange(rows.Count, 5, 15);
        foreach (Match row in rows)
        {
            var (figure, verdict) = (row.Groups["figure"].Value, row.Groups["verdict"].Value);
            Assert.True(
                measured.Any(line => HasFigure(line, figure) && line.Contains(verdict, StringComparison.Ordinal)),
                $"No row of docs/performance.md has these: {row.Value}. Copy what was measured into README.");
        }
    }

    [Fact]
    public void TheKillsAreThoseThatWereCountedAndNothingWasLost()
    {
        var report = Repository.Read("docs/reliability.md");

        Assert.Contains($"| kills of the command | {Kills().Match(Section).Groups[1].Value} |", report);
        Assert.All(
            ["lost", "duplicated", "damaged", "posted twice"],
            what => Assert.Contains($"| **{what}** | **0** |", report));
    }

    private static bool HasFigure(string line, string figure) =>
        Regex.IsMatch(line, $@"(?<![\d.]){Regex.Escape(figure)}(?![\d]|\.\d)");

    [GeneratedRegex(
        @"^\| [^|]+ \| (?<figure>[\d.]+) [^|]+\| (?<verdict>[\d.]+, (\*\*not )?met(\*\*)?) \|$",
        RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"(\d+) kills")]
    private static partial Regex Kills();
}
