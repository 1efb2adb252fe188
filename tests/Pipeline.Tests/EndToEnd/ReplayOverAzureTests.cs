using Pipeline.Cli;
using Pipeline.Cli.Failures;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Replays over a storage account, on which other processes may work at the same time.</summary>
[Trait("Needs", "servers")]
public sealed class ReplayOverAzureTests(Servers servers)
{
    private static readonly Selection All = new([], [], []);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReplayWithoutWaitingLeavesTheWorkToTheServers()
    {
        await using var rig = await Rig.StartAsync("task_fail=4", await servers.AzureAsync());
        var settings = rig.Settings(rig.List(Rig.Urls(8)));
        var failed = await rig.RunAsync(settings);
        var elsewhere = settings with
        {
            Out = Path.Combine(rig.Out, "elsewhere"),
            State = Path.Combine(rig.Out, "elsewhere"),
        };
        using var progress = new StringWriter();

        var exitCode = await new ReplayJob(
            elsewhere, All with { Lists = [failed.ListId] }, resubmit: true, progress).RunAsync(noWait: true, Ct);

        Assert.Equal((ExitCodes.Complete, "4 inputs are posted again."), (exitCode, progress.ToString().Trim()));
        Assert.False(Directory.Exists(elsewhere.State));
        Assert.Single(await rig.PostsAsync());
        var served = await rig.RunAsync(settings);
        Assert.Equal((ExitCodes.Complete, 8, 2), (served.ExitCode, served.Records.Count, served.Posts.Count));
    }

    [Fact]
    public async Task AReplayOverAnAccountNeedsItsListsAndItsApi()
    {
        await using var rig = await Rig.StartAsync("", await servers.AzureAsync());
        var settings = rig.Settings("none");

        Assert.StartsWith(
            "Name the lists, because ", await RefusalAsync(new(settings, All, resubmit: true, TextWriter.Null)),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "A replay over a storage account needs the API that its lists were posted to.",
            await RefusalAsync(
                new(
                    settings with { Given = GivenSettings.None }, All with { Lists = ["a"] }, resubmit: true,
                    TextWriter.Null)),
            StringComparison.Ordinal);
        Assert.Equal(
            $"No list a is known in {settings.WorkStore.Name}. Known lists: none.",
            await RefusalAsync(new(settings, All with { Lists = ["a"] }, resubmit: true, TextWriter.Null)));
    }

    private static async Task<string> RefusalAsync(ReplayJob job) =>
        (await Assert.ThrowsAsync<PipelineException>(() => job.RunAsync(noWait: true, Ct))).Message;
}
