using Pipeline.Cli;
using Pipeline.Cli.Failures;
using Pipeline.Urls;

namespace Pipeline.Tests.Cli;

/// <summary>Sentences on a terminal, and what they advise.</summary>
public sealed class ProseTests
{
    [Fact]
    public void ALongLineIsFoldedBetweenWordsAndKeepsItsIndent()
    {
        var text = "    one two three four five six seven eight nine ten eleven twelve thirteen";

        Assert.Equal(
            "    one two three four five six seven\n    eight nine ten eleven twelve\n    thirteen",
            Prose.Fold(text, 40, 4));
    }

    [Fact]
    public void ACommandInQuotesStaysOnOneLineHoweverLongItIs()
    {
        const string command = "'pipeline replay 0123456789 --out /a/folder/with/a/long/name --resubmit'";

        var lines = Prose.Fold($"Two failures of this list. {command} posts them again.", 60, 0).Split('\n');

        Assert.Contains(lines, line => line.StartsWith(command, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(10)]
    [InlineData(200)]
    public void WithoutATerminalOrWithRoomNothingIsFolded(int? width)
    {
        const string text = "api       failed  one two three four five six seven eight nine ten eleven twelve";

        Assert.Equal(text, Prose.Fold(text, width, 18));
    }

    [Theory]
    [InlineData("No failures.")]
    [InlineData("1 failure. 'replay' retries it without cost. 'replay --resubmit' posts it again.", "task_expired")]
    [InlineData("1 failure. 'replay --resubmit' posts it again.", "budget_exhausted")]
    [InlineData(
        "2 failures. 'replay' retries 1 of them without cost. 'replay --resubmit' posts 1 of them again.",
        "task_expired", "invalid_input")]
    [InlineData(
        "1 failure. Replaying helps none of them: correct the lines in the list, and run it as a new one.",
        "invalid_input")]
    public void OnlyWhatHelpsIsAdvised(string expected, params string[] reasons)
    {
        var advice = new ReplayAdvice();
        foreach (var reason in reasons)
            advice.Add(reason);

        Assert.Equal(expected, advice.Describe("replay"));
    }

    [Theory]
    [InlineData("https://user:pa@ss@example.com/a@b", "https://***@example.com/a@b")]
    [InlineData("HTTPS://user@example.com", "HTTPS://***@example.com")]
    [InlineData("https://example.com/?a=b@c", "https://example.com/?a=b@c")]
    [InlineData("no url", "no url")]
    public void APasswordInAUrlIsNotShown(string url, string shown) => Assert.Equal(shown, UrlCredentials.Hide(url));
}
