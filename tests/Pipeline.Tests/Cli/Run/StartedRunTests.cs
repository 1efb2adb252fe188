using Pipeline.Cli.Lists;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli.Run;

/// <summary>The note of a run that <c>--again</c> started.</summary>
public sealed class StartedRunTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ARunIsKnownUntilItIsForgotten()
    {
        var run = new StartedRun(_folder["state"], "list");
        run.Write("list-2");
        Assert.Equal("list-2", new StartedRun(_folder["state"], "list").Read());
        run.Forget();
        Assert.Null(run.Read());
    }

    [Fact]
    public void WithoutAStateThereIsNothingToForget()
    {
        var run = new StartedRun(_folder["state"], "list");
        run.Forget();
        Assert.Null(run.Read());
    }
}
