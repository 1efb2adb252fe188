using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Steering;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Keeping;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>A ledger that is restored from an old backup: nothing is posted twice, nothing is lost.</summary>
public sealed class RestoreTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task WhatWasPostedAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        var first = await rig.RunAsync(settings);

        await RestoreAsync(settings, backup);
        var again = await rig.RunAsync(settings);

        Assert.Equal(ExitCodes.Complete, again.ExitCode);
        Assert.Equal(first.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AListThatWasSentAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await Rig.StartAsync();
        await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(2).Select(url => url + "&of=before"))));
        using var backup = await BackUpAsync(Settings(rig));
        var first = await rig.RunAsync(Settings(rig));

        await RestoreAsync(Settings(rig), backup);
        var again = await rig.RunAsync(Settings(rig));

        Assert.Equal(ExitCodes.Complete, again.ExitCode);
        Assert.Equal(first.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Fact]
    public async Task WhatWasNeverPostedIsPostedOnceItWasLookedFor()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);

        await RestoreAsync(settings, backup);
        var outcome = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 3), (outcome.ExitCode, outcome.Posts.Count));
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task StatusSaysWhatIsLookedForAndHowToEndIt()
    {
        await using var rig = await Rig.StartAsync();
        // The look at Nimble waits longer than the test.
        var settings = Settings(rig, "01:00:00");
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        await RestoreAsync(settings, backup);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = new Pipeline.Cli.Run.RunJob(settings, TextWriter.Null).RunAsync(stop.Token);

        var waits = await WaitForAsync(settings);
        await stop.CancelAsync();
        await running;

        Assert.Contains("restored from a backup", waits, StringComparison.Ordinal);
        Assert.Contains("pipeline restore --done", waits, StringComparison.Ordinal);
        Assert.Empty(await rig.PostsAsync());
    }

    [Fact]
    public async Task WhatWasErasedAfterTheBackupStaysErased()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig) with { ListId = "erase-me" };
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        await using (var stores = await StoreAccess.OpenAsync(settings, Stop))
            await stores.Services.GetRequiredService<ListErasure>().EraseAsync("erase-me", new(), "me", Stop);

        await RestoreAsync(settings, backup);

        await using var restored = await StoreAccess.OpenAsync(settings, Stop);
        Assert.Null(await restored.Services.GetRequiredService<ILedger>().GetListAsync("erase-me", Stop));
    }

    [Fact]
    public async Task ADamagedBackupChangesNothing()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig);
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        var bytes = backup.ToArray();
        bytes[bytes.Length / 2] ^= 1;

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => RestoreAsync(settings, new MemoryStream(bytes)));

        Assert.Contains("damaged", refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await rig.RunAsync(settings)).Records.Count / 5);
    }

    [Fact]
    public async Task AStateThatIsWorkedOnIsNotReplaced()
    {
        using var folder = new TempFolder();
        await using var note = new HealthNote(folder.Path, () => null, TimeProvider.System);

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => new LocalRestore(folder.Path, folder.Path, TimeProvider.System).RunAsync(new MemoryStream(), Stop));

        Assert.Contains("Stop it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheCommandsBackUpAndRestore()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig);
        await rig.RunAsync(settings);
        string[] place = ["--out", settings.Out, "--state", settings.State];
        var file = Path.Combine(settings.Out, "state.backup");

        var saved = await CliProcess.RunAsync(["backup", "--to", file, .. place]);
        var refused = await CliProcess.RunAsync(["restore", "--from", file, .. place]);
        var restored = await CliProcess.RunAsync(["restore", "--from", file, "--replace", .. place]);
        var done = await CliProcess.RunAsync(["restore", "--done", .. place]);

        Assert.Equal((0, ""), (saved.ExitCode, saved.Error));
        Assert.Contains("1 list, 3 submissions, 15 inputs", saved.Output, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Add --replace", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (restored.ExitCode, restored.Error));
        Assert.Contains("15 records", restored.Output, StringComparison.Ordinal);
        Assert.Equal((0, ""), (done.ExitCode, done.Error));
        Assert.Equal(15, (await rig.RunAsync(settings)).Records.Count);
    }

    private static RunSettings Settings(Rig rig, string lease = "00:00:00.5") => rig.Settings(
        rig.List(Rig.Urls(15)), tuning:
        [("Intake:MaxInputsPerSubmission", "5"), ("Sweep:PostingLease", lease), ("Nimble:Timeout", "00:00:00.4")]);

    private static async Task SubmitAsync(RunSettings settings)
    {
        settings.WorkStore.PrepareToSubmit();
        await using var lists = new ListFiles(settings, Terminal.On(TextWriter.Null));
        await lists.InspectAsync(Stop);
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        await lists.SubmitAsync(stores.Services, Stop);
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

    private static async Task<string> WaitForAsync(RunSettings settings)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        await using var stores = await StoreAccess.OpenAsync(settings, limit.Token);
        var reporter = stores.Services.GetRequiredService<Pipeline.Reports.StatusReporter>();
        while (true)
        {
            foreach (var id in (await reporter.GetOpenListsAsync(limit.Token)).OpenLists)
                if (await reporter.GetListAsync(id, limit.Token) is { Waits: [var wait, ..] })
                    return wait.Describe();
            await Task.Delay(50, limit.Token);
        }
    }
}
