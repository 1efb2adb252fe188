using Pipeline.Cli;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Tests.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Somebody moves or replaces the output folder during a run: no paid result fails.</summary>
[Trait("Promise", "8")]
public sealed class LocalFaultTests
{
    private const int Inputs = 20;

    [Theory]
    [InlineData("records.ndjson")]
    [InlineData("")]
    public async Task MovedOutputStopsTheRunWithOneLineAndTheRunContinuesOnceItIsPutBack(string what)
    {
        var time = AwaitedTime.AtPresent();
        await using var rig = await Rig.StartAsync(time: time);
        await rig.RunAsync(rig.Settings(rig.List("http://sample.test/sample/generated/99?bytes=100")));
        rig.Emulator.SetFaults("task_slow_ms=50000");
        var settings = rig.Settings(rig.List(Rig.Urls(Inputs)));
        var (from, to) = (Path.Combine(rig.Out, what).TrimEnd('/'), rig.Out + "-away");
        using var progress = new StringWriter();
        var run = Task.Run(() => new RunJob(settings, progress).RunAsync(TestContext.Current.CancellationToken));
        await WaitForPostsAsync(rig, 2);

        Directory.Move(from, to);
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 50_000));

        var fault = await Assert.ThrowsAsync<PipelineException>(
            () => run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal((true, ExitCodes.Error), (fault.StopsHost, ExitCodes.For(fault)));
        Assert.Contains(
            "Move it back to that place. Then run the same command again to continue; nothing is lost.", fault.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.False(Path.Exists(from));
        Directory.Move(to, from);
        await GoesOnAsync(rig, settings);
    }

    [Fact]
    public async Task AFolderInPlaceOfTheRecordsStopsTheRunToo()
    {
        var time = AwaitedTime.AtPresent();
        await using var rig = await Rig.StartAsync(time: time);
        await rig.RunAsync(rig.Settings(rig.List("http://sample.test/sample/generated/99?bytes=100")));
        rig.Emulator.SetFaults("task_slow_ms=50000");
        var settings = rig.Settings(rig.List(Rig.Urls(Inputs)));
        var records = Path.Combine(rig.Out, "records.ndjson");
        using var progress = new StringWriter();
        var run = Task.Run(() => new RunJob(settings, progress).RunAsync(TestContext.Current.CancellationToken));
        await WaitForPostsAsync(rig, 2);

        File.Move(records, records + ".away");
        Directory.CreateDirectory(records);
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 50_000));

        var fault = await Assert.ThrowsAsync<PipelineException>(
            () => run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal((true, ExitCodes.Error), (fault.StopsHost, ExitCodes.For(fault)));
        Assert.StartsWith($"'{records}' ", fault.Message, StringComparison.Ordinal);
        Directory.Delete(records);
        File.Move(records + ".away", records);
        await GoesOnAsync(rig, settings);
    }

    [Fact]
    public async Task MovedManifestAndFailuresAreWrittenAgain()
    {
        await using var rig = await Rig.StartAsync();
        var settings = rig.Settings(rig.List([.. Rig.Urls(3), "no url"]));
        var first = await rig.RunAsync(settings);
        foreach (var file in (string[])["manifest.json", "failures.ndjson"])
            File.Move(Path.Combine(rig.Out, file), Path.Combine(rig.Out, file + ".away"));

        var second = await rig.RunAsync(settings);

        Assert.Equal((first.ExitCode, first.Manifest.GetRawText()), (second.ExitCode, second.Manifest.GetRawText()));
        Assert.Equal(first.FailureLines, second.FailureLines);
        Assert.Equal(first.Posts.Count, second.Posts.Count);
    }

    [Fact]
    public async Task ARunContinuesAfterItsFolderIsRenamed()
    {
        var time = AwaitedTime.AtPresent();
        await using var rig = await Rig.StartAsync("task_slow_ms=50000", time: time);
        var inside = rig.Settings(rig.List(Rig.Urls(Inputs)));
        inside = inside with { State = Path.Combine(inside.Out, ".pipeline") };
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            using var progress = new StringWriter();
            var run = Task.Run(() => new RunJob(inside, progress).RunAsync(stop.Token));
            await WaitForPostsAsync(rig, 1);
            await stop.CancelAsync();
            await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        }
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 50_000));
        Directory.Move(inside.Out, inside.Out + " moved");

        var moved = inside with
        {
            Out = inside.Out + " moved",
            State = Path.Combine(inside.Out + " moved", ".pipeline"),
        };
        var outcome = await rig.RunAsync(moved);

        Assert.Equal((ExitCodes.Complete, Inputs, 1), (outcome.ExitCode, outcome.Records.Count, outcome.Posts.Count));
        Assert.False(Directory.Exists(inside.Out));
        var location = outcome.Manifest.GetProperty("locations")[0].GetProperty("uri").GetString();
        Assert.Equal(ObjectUri.ForFile(Path.Combine(moved.Out, "records.ndjson")).ToString(), location);
    }

    private static async Task GoesOnAsync(Rig rig, RunSettings settings)
    {
        using var progress = new StringWriter();
        Assert.Equal(
            ExitCodes.Complete, await new RunJob(settings, progress).RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(Inputs + 1, File.ReadAllLines(Path.Combine(rig.Out, "records.ndjson")).Length);
        Assert.Equal("", File.ReadAllText(Path.Combine(rig.Out, "failures.ndjson")));
        Assert.Equal(2, (await rig.PostsAsync()).Count);
    }

    private static Task WaitForPostsAsync(Rig rig, int count) =>
        Patience.UntilAsync(async () => (await rig.PostsAsync()).Count >= count);
}
