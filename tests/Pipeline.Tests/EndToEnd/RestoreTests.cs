using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Steering;
using Pipeline.Stores.Keeping;
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
    [Trait("Promise", "2")]
    public async Task WhatIsAdoptedCountsOnceInTheBudgetsAndTheManifest()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(
            rig, more: [("Guards:MaxUrlsPerList", "40"), ("Guards:MaxUrlsPerDay", "90"),
                ("Nimble:PricePerUrl", "0.5")]) with { ListId = "lost" };
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        await rig.RunAsync(settings);

        await RestoreAsync(settings, backup);
        await rig.RunAsync(settings);
        var again = await rig.RunAsync(settings);

        Assert.Equal(3, again.Posts.Count);
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        await Budgets.AssertAsync(stores.Services, "lost", 15);
        Assert.Equal(15, again.Manifest.GetProperty("guards").GetProperty("posted_urls").GetInt64());
        Assert.Equal(7.5m, again.Manifest.GetProperty("estimated_cost").GetDecimal());
        var counts = await stores.Services.GetRequiredService<ILedgerCounts>().CountAsync(["lost"], Stop);
        Assert.Equal(15, counts.Posted);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AScheduledRunAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await Rig.StartAsync();
        var settings = Settings(rig);
        settings.WorkStore.PrepareToServe();
        var due = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        await using (var stores = await StoreAccess.OpenAsync(settings, Stop))
            await stores.Services.GetRequiredService<IScheduleLedger>().PutScheduleAsync(
                new()
                {
                    Name = "nightly", Cron = "0 3 1 1 *", TimeZone = "UTC", NextAt = due, ListName = "list.txt",
                    Source = ObjectUri.ForFile(CopyToSchedules(settings)).ToString(),
                },
                Stop);
        using var backup = await BackUpAsync(settings);
        var id = string.Create(CultureInfo.InvariantCulture, $"nightly-{due.UtcDateTime:yyyyMMdd-HHmm}");
        await ServeUntilClosedAsync(settings, id);
        var posts = (await rig.PostsAsync()).Count;

        await RestoreAsync(settings, backup);
        await ServeUntilClosedAsync(settings, id);

        Assert.Equal((3, 3), (posts, (await rig.PostsAsync()).Count));
        Assert.Equal(15, File.ReadLines(Path.Combine(settings.Out, "records.ndjson")).Count());
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

    [Theory]
    [InlineData("files", "null", "The file is no backup, or it is damaged")]
    [InlineData("schema", "\"pipeline.backup/2\"", "A newer version of this program wrote the backup")]
    [InlineData(
        "files", """[{"name":"bin/x","bytes":0,"sha256":""}]""", "it names bin/x, which no backup holds")]
    [InlineData(
        "files", """[{"name":"lists/../x","bytes":0,"sha256":""}]""", "it names lists/../x, which no backup holds")]
    public async Task ANoteThatCannotBeFollowedIsRefused(string member, string value, string sentence)
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        await ChangeNoteAsync(backup, note => note[member] = JsonNode.Parse(value));

        Assert.Contains(sentence, await RefusalAsync(folder.Path, backup), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABackupWhoseDatabaseIsNoneIsBlamedItself()
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        await ChangeDatabaseAsync(backup, Encoding.ASCII.GetBytes(new string('x', 8192)));

        Assert.Contains(
            "The file is no backup, or it is damaged: its database", await RefusalAsync(folder.Path, backup),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADatabaseOfANewerVersionIsRefusedWithoutATemporaryPath()
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        var newer = folder["newer.db"];
        using (var session = new SqlSession(newer, create: true))
            session.Script($"PRAGMA user_version={LocalSchema.Version + 1}");
        await ChangeDatabaseAsync(backup, await File.ReadAllBytesAsync(newer, Stop));

        var refusal = await RefusalAsync(folder.Path, backup);

        Assert.Contains("A newer version of this program wrote the backup", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedStateIsSetAside()
    {
        using var folder = new TempFolder();
        using var backup = await BackUpEmptyAsync(folder.Path);
        var database = folder[LocalDatabase.FileName];
        var damage = new string('x', 8192);
        await File.WriteAllTextAsync(database, damage, Stop);

        await new LocalRestore(folder.Path, folder.Path, TimeProvider.System).RunAsync(backup, Stop);

        Assert.Equal(damage, await File.ReadAllTextAsync(database + ".damaged", Stop));
        using var restored = new SqlSession(database, create: false);
        Assert.Equal(0L, restored.Scalar("SELECT COUNT(*) FROM submission"));
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

    private static async Task<MemoryStream> BackUpEmptyAsync(string state)
    {
        var path = Path.Combine(state, LocalDatabase.FileName);
        using (var session = new SqlSession(path, create: true))
            LocalSchema.Apply(session, path);
        var backup = new MemoryStream();
        await LocalBackup.WriteAsync(state, backup, TimeProvider.System, Stop);
        backup.Position = 0;
        return backup;
    }

    private static async Task<string> RefusalAsync(string state, MemoryStream backup) =>
        (await Assert.ThrowsAsync<PipelineException>(
            () => new LocalRestore(state, state, TimeProvider.System).RunAsync(backup, Stop))).Message;

    private static async Task ChangeNoteAsync(MemoryStream backup, Action<JsonNode> change)
    {
        using (var zip = new ZipArchive(backup, ZipArchiveMode.Update, leaveOpen: true))
        {
            JsonNode note;
            await using (var old = await zip.GetEntry(BackupArchive.NoteName)!.OpenAsync(Stop))
                note = JsonNode.Parse(old)!;
            change(note);
            await ReplaceAsync(zip, BackupArchive.NoteName, Encoding.UTF8.GetBytes(note.ToJsonString()));
        }
        backup.Position = 0;
    }

    /// <summary>Replaces the database, with the right digest.</summary>
    private static async Task ChangeDatabaseAsync(MemoryStream backup, byte[] content)
    {
        using (var zip = new ZipArchive(backup, ZipArchiveMode.Update, leaveOpen: true))
            await ReplaceAsync(zip, LocalDatabase.FileName, content);
        await ChangeNoteAsync(
            backup, note => note["files"]![0]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private static async Task ReplaceAsync(ZipArchive zip, string name, byte[] content)
    {
        zip.GetEntry(name)!.Delete();
        await using var entry = await zip.CreateEntry(name).OpenAsync(Stop);
        await entry.WriteAsync(content, Stop);
    }

    private static RunSettings Settings(
        Rig rig, string lease = "00:00:00.5", params IEnumerable<(string, string)> more) => rig.Settings(
        rig.List(Rig.Urls(15)), tuning:
        [
            ("Intake:MaxInputsPerSubmission", "5"), ("Sweep:PostingLease", lease), ("Nimble:Timeout", "00:00:00.4"),
            .. more,
        ]);

    private static string CopyToSchedules(RunSettings settings)
    {
        var folder = Directory.CreateDirectory(Path.Combine(settings.State, "schedules")).FullName;
        var copy = Path.Combine(folder, "nightly.txt");
        File.Copy(settings.Lists[0], copy);
        return copy;
    }

    private static async Task ServeUntilClosedAsync(RunSettings settings, string listId)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        await using var host = await RunHost.StartAsync(settings, _ => { }, limit.Token);
        var ledger = host.Services.GetRequiredService<ILedger>();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var serving = host.ServeAsync(done.Token);
        while (await ledger.GetListAsync(listId, limit.Token) is not { State: ListState.Closed })
            await Task.Delay(50, limit.Token);
        await done.CancelAsync();
        await serving;
    }

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
