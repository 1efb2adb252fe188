using Pipeline.Notation;

namespace Pipeline.Tests.Notation;

/// <summary>Commands in sentences name the folder that they concern.</summary>
public sealed class CommandsInTextTests
{
    [Theory]
    [InlineData("It goes on with: pipeline resume mine", "It goes on with: pipeline resume mine --out x")]
    [InlineData("'pipeline status' shows the lists.", "'pipeline status --out x' shows the lists.")]
    [InlineData(
        "See 'pipeline failures' or 'pipeline explain ID'.",
        "See 'pipeline failures --out x' or 'pipeline explain ID --out x'.")]
    [InlineData("'pipeline status --out y' shows them.", "'pipeline status --out y' shows them.")]
    [InlineData("'pipeline status --out 'a b'' shows them.", "'pipeline status --out 'a b'' shows them.")]
    [InlineData("Check it with: pipeline doctor", "Check it with: pipeline doctor")]
    [InlineData("Another 'pipeline' process works there.", "Another 'pipeline' process works there.")]
    public void EachIsCompletedOnce(string text, string complete) =>
        Assert.Equal(complete, CommandsInText.Complete(text, " --out x"));

    [Fact]
    public void TheUsualFolderNeedsNoOption() =>
        Assert.Equal("pipeline resume mine", CommandsInText.Complete("pipeline resume mine", ""));
}
