using Pipeline.Cli;
using Pipeline.Cli.Failures;
using Pipeline.Tests.Support;
using Pipeline.Urls;

namespace Pipeline.Tests.Cli;

/// <summary>Sentences on a terminal, and the commands that they recommend.</summary>
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

    /// <summary>A wide character takes two columns.</summary>
    [Fact]
    public void WideCharactersAreCountedAsTheTerminalDoes() =>
        Assert.Equal(
            string.Join('\n', Enumerable.Repeat("漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", 3)),
            Prose.Fold(string.Join(' ', Enumerable.Repeat("漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", 3)), 50, 0));

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
            advice.Add(new(Some.Failure("f") with { Reason = reason }, IsFinal: true));

        Assert.Equal(expected, advice.Summarize("replay"));
    }

    [Theory]
    [InlineData("https://user:pa@ss@example.com/a@b", "https://***@example.com/a@b")]
    [InlineData("HTTPS://user@example.com", "HTTPS://***@example.com")]
    [InlineData("https://example.com/?a=b@c", "https://example.com/?a=b@c")]
    [InlineData("no url", "no url")]
    public void APasswordInAUrlIsNotShown(string url, string shown) => Assert.Equal(shown, UrlCredentials.Hide(url));
}
