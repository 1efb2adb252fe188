using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Failures;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Steering;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Submit.Evidence;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>After a restore, the lists posted since the backup are named, so nothing paid for is forgotten.</summary>
public sealed class LostListTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "8")]
    public async Task AListThatNobodySendsAgainIsNamedUntilSomebodyDoes()
    {
        await using var rig = await Rig.StartAsync();
        await rig.RunAsync(Settings(rig, "before", 3));
        using var backup = await BackUpAsync(Settings(rig, "before", 3));
        await rig.RunAsync(Settings(rig, "after", 7));
        await rig.RunAsync(Settings(rig, "single", 1));
        await rig.RunAsync(Settings(rig, "erased", 2));
        await EraseAsync(Settings(rig, "erased", 2));
        await RestoreAsync(Settings(rig, "after", 7), backup);

        var lost = await FindAsync(Settings(rig, "none", 1));
        var said = await CliProcess.RunAsync(
            ["restore", "--lost", "--out", rig.Out, "--state", Settings(rig, "none", 1).State],
            ("NIMBLE_API_KEY", Rig.Key), ("Pipeline__Nimble__BaseUrl", rig.Emulator.BaseAddress.AbsoluteUri));

        Assert.Equal(
            [("after", false, 3, 7), ("single", false, 1, 1)],
            lost.Lists.Select(list => (list.ListId, list.IsKnown, list.Submissions, list.Tasks)));
        Assert.Contains("of=after", lost.Lists[0].FirstUrl, StringComparison.Ordinal);
        Assert.Equal((0, 0), (lost.Unnamed, lost.OfOtherKeys));
        Assert.Empty(lost.Doubts);
        Assert.Equal((ExitCodes.SomeFailed, ""), (said.ExitCode, said.Error));
        Assert.Contains("after ", said.Output, StringComparison.Ordinal);
        Assert.Contains("Send each again as it was then", said.Output, StringComparison.Ordinal);

        var posts = (await rig.PostsAsync()).Count;
        // Not through the rig: the folder still has the other list's record, which the ledger does not know yet.
        Assert.Equal(
            ExitCodes.Complete, await new RunJob(Settings(rig, "after", 7), TextWriter.Null).RunAsync(Stop));
        Assert.Equal(["single"], (await FindAsync(Settings(rig, "none", 1))).Lists.Select(list => list.ListId));
        await rig.RunAsync(Settings(rig, "single", 1));
        Assert.Empty((await FindAsync(Settings(rig, "none", 1))).Lists);
        Assert.Equal(posts, (await rig.PostsAsync()).Count);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task WhatWasPostedAgainOfAClosedListIsNamedAndFoundByTheSameReplay()
    {
        await using var rig = await Rig.StartAsync("task_fail=4");
        var settings = Settings(rig, "shops", 8);
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        var whole = await ReplayAsync(rig, settings);
        await RestoreAsync(settings, backup);

        var lost = Assert.Single((await FindAsync(settings)).Lists);
        var again = await ReplayAsync(rig, settings);

        Assert.Equal(("shops", true), (lost.ListId, lost.IsKnown));
        Assert.Equal(whole.Posts.Count, again.Posts.Count);
        Assert.Equal(whole.RecordLines.Order(), again.RecordLines.Order());
        Assert.Empty((await FindAsync(settings)).Lists);
    }

    [Fact]
    public async Task WhatAnotherKeyMadeIsCountedAndNeverCalledOurs()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig, "before", 3);
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        await rig.RunAsync(Settings(rig, "after", 7));
        await RestoreAsync(settings, backup);
        await File.WriteAllTextAsync(
            Path.Combine(settings.State, "callback.key"), Convert.ToBase64String(new byte[32]), Stop);

        var lost = await FindAsync(settings);

        Assert.Empty(lost.Lists);
        Assert.True(lost.OfOtherKeys >= 3, $"{lost.OfOtherKeys} batches are of another key.");
    }

    [Fact]
    public async Task WithoutARestoreThereIsNothingToLookFor()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig, "list", 1);
        await rig.RunAsync(settings);

        var refused = await Assert.ThrowsAsync<PipelineException>(() => FindAsync(settings));

        Assert.True(refused.IsPermanent);
        Assert.Contains("Nothing was restored here within the last 7 days", refused.Message, StringComparison.Ordinal);
    }

    private static RunSettings Settings(Rig rig, string id, int count) => rig.Settings(
        rig.List(Rig.Urls(count).Select(url => $"{url}&of={id}")), tuning:
        [
            ("Intake:MaxInputsPerSubmission", "3"), ("Sweep:PostingLease", "00:00:00.5"),
            ("Nimble:Timeout", "00:00:00.4"),
        ]) with { ListId = id };

    private static async Task<LostLists> FindAsync(RunSettings settings)
    {
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        return await stores.Services.GetRequiredService<LostListSearch>().FindAsync(Stop);
    }

    private static Task<RunOutcome> ReplayAsync(Rig rig, RunSettings settings) => rig.EndAsync(
        settings,
        (progress, stop) => new ReplayJob(settings, new([settings.ListId!], [], []), resubmit: true, progress).RunAsync(
            noWait: false, stop));

    private static async Task EraseAsync(RunSettings settings)
    {
        await using var stores = await StoreAccess.OpenForErasureAsync(settings, Stop);
        await stores.Services.GetRequiredService<ListErasure>().EraseAsync(settings.ListId!, new(), "me", Stop);
    }

    private static async Task<MemoryStream> BackUpAsync(RunSettings settings)
    {
        var backup = new MemoryStream();
        await LocalBackup.WriteAsync(settings.State, backup, TimeProvider.System, Stop);
        return backup;
    }

    private static Task RestoreAsync(RunSettings settings, MemoryStream backup)
    {
        backup.Position = 0;
        return new LocalRestore(settings.State, settings.Out, TimeProvider.System).RunAsync(backup, Stop);
    }
}
