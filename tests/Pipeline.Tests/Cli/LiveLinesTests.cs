using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>The drawn lines of a terminal, as a terminal shows them.</summary>
public sealed class LiveLinesTests
{
    [Fact]
    public void NothingOfAnOlderDrawingStays()
    {
        var screen = new FakeScreen(width: 40);
        var live = new LiveLines(screen, () => screen.Width);

        live.Draw(["[##########..........] 50%", "elapsed 0:00:10   about 1 min left", "waiting for 3 tasks"]);
        live.WriteAbove("A POST has no answer yet.", style: "33");
        live.Draw(["100%", "elapsed 0:00:12"]);

        Assert.Equal(["A POST has no answer yet.", "100%", "elapsed 0:00:12"], screen.Lines);
        live.Clear();
        Assert.Equal(["A POST has no answer yet.", ""], screen.Lines);
    }

    [Fact]
    public void ALongLineIsFoldedAndAWideCharacterTakesTwoColumns()
    {
        var screen = new FakeScreen(width: 41);
        var live = new LiveLines(screen, () => screen.Width);

        for (var i = 0; i < 3; i++)
            live.Draw(["waiting for 3 tasks at Nimble, the oldest for 4 min", new string('漢', 30)]);

        Assert.Equal(
            ["waiting for 3 tasks at Nimble, the", "oldest for 4 min", new string('漢', 20)], screen.Lines);
    }

    [Fact]
    public void ATerminalThatBecameNarrowerHasWrappedWhatWasDrawn()
    {
        var screen = new FakeScreen(width: 60);
        var live = new LiveLines(screen, () => screen.Width);
        live.Draw([new string('x', 55), new string('y', 55)]);

        screen.Resize(40);
        live.Draw(["done"]);

        Assert.Equal(["done"], screen.Lines);
    }

    [Fact]
    public void TextFromOutsideIsNotObeyed()
    {
        var writer = new StringWriter();

        new LiveLines(writer, () => 80).Draw(["\u001b]0;title\u0007\u001b[2J"]);

        Assert.DoesNotContain("\u001b]", writer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("[2J\u001b", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("\\u001B", writer.ToString(), StringComparison.Ordinal);
    }
}
