using Pipeline.Cli.Status;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Tests.Cli.Status;

/// <summary><c>pipeline status</c> on a terminal and for <c>grep</c>.</summary>
public sealed class StatusTextTests
{
    private static readonly ListReport Report = new()
    {
        ListId = "9a41f2c07be5d81336aa", State = ListState.Open, Word = "paused", Source = "shops-of-all-countries.csv",
        Inputs = 15_000, Duplicates = 0, Posted = 14_000, Records = 12_400, Failures = 3,
        Submissions = new Dictionary<string, int> { ["Accepted"] = 2, ["Planned"] = 1, ["Closed"] = 12 },
        Waiting = new SortedDictionary<string, int> { ["Paused"] = 1 },
        Waits =
        [
            new("post", "paused", "The list is paused. Continue with: pipeline resume 9a41f2c07be5d81336aa", 1, 1000,
                null, null),
        ],
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void ATerminalThatIsTooNarrowForTheTableGetsShortLines()
    {
        var lines = StatusText.Of([Report], width: 80, " --out results").ToList();

        Assert.Equal(
            [
                "9a41f2c07be5d81336aa  paused", "  shops-of-all-countries.csv",
                "  12,403 of 15,000 URLs done: 12,400 records, 3 failures",
                "  submissions: 2 accepted, 1 planned, 12 closed", "  waits for: 1 paused",
                "  1,000 inputs wait to be posted (paused): The list is paused. Continue with: "
                    + "pipeline resume 9a41f2c07be5d81336aa --out results",
            ],
            lines);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(300)]
    public void ElsewhereEachListIsARow(int? width)
    {
        var lines = StatusText.Of([Report], width, "").ToList();

        Assert.Equal(3, lines.Count);
        Assert.StartsWith("LIST ", lines[0], StringComparison.Ordinal);
        Assert.Matches("^9a41f2c07be5d81336aa  paused  15,000 +12,400 +3 ", lines[1]);
        Assert.StartsWith("9a41f2c07be5d81336aa: 1,000 inputs wait", lines[2], StringComparison.Ordinal);
    }
}
