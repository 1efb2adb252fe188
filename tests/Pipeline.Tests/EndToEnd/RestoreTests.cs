using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Backup and restore of a state folder.</summary>
public sealed class RestoreTests() : RestoreSuite(null)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task AScheduledRunAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await StartAsync();
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

        await RestoreAsync(rig, settings, backup);
        await ServeUntilClosedAsync(settings, id);

        Assert.Equal((3, 3), (posts, (await rig.PostsAsync()).Count));
        Assert.Equal(15, File.ReadLines(Path.Combine(settings.Out, "records.ndjson")).Count());
    }

    [Theory]
    [InlineData("full")]
    [InlineData("input")]
    [InlineData("none")]
    [Trait("Promise", "2")]
    [Trait("Promise", "8")]
    public async Task PartsAreFoundAlthoughNimbleNamesOtherInputsNow(string echo)
    {
        await using var rig = await StartAsync($"echo={echo},refusal_details=none");
        var settings = SettingsWithARefusedInput(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        var first = await rig.RunAsync(settings);

        // As on another machine, so that no record says what was posted.
        File.Delete(Path.Combine(rig.Out, "records.ndjson"));
        await RestoreAsync(rig, settings, backup);
        rig.Emulator.SetFaults($"echo={echo}");
        var again = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.SomeFailed, 4), (again.ExitCode, first.RecordLines.Count));
        Assert.Equal(Tasks(first), Tasks(again));
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Theory]
    [InlineData("input")]
    [InlineData("none")]
    [Trait("Promise", "2")]
    [Trait("Promise", "8")]
    public async Task PartsThatWereStillRunningAreFound(string echo)
    {
        await using var rig = await StartAsync($"echo={echo},refusal_details=none,task_slow_ms=2000");
        var settings = SettingsWithARefusedInput(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        await RunUntilPostedAsync(rig, settings, posts: 3);

        await RestoreAsync(rig, settings, backup);
        rig.Emulator.SetFaults($"echo={echo}");
        var again = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.SomeFailed, 4, 3), (again.ExitCode, again.Records.Count, again.Posts.Count));
    }

    private static async Task RunUntilPostedAsync(Rig rig, RunSettings settings, int posts)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        stop.CancelAfter(TimeSpan.FromMinutes(1));
        var running = new RunJob(settings, TextWriter.Null).RunAsync(stop.Token);
        while ((await rig.PostsAsync()).Count < posts)
            await Task.Delay(20, stop.Token);
        await stop.CancelAsync();
        await running;
    }

    private static IEnumerable<string?> Tasks(RunOutcome run) =>
        run.Records.Select(record => record.GetProperty("task_id").GetString()).Order(StringComparer.Ordinal);

    [Fact]
    public async Task ADamagedBackupChangesNothing()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig);
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        var bytes = backup.ToArray();
        bytes[bytes.Length / 2] ^= 1;

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => RestoreAsync(rig, settings, new MemoryStream(bytes)));

        Assert.Contains("damaged", refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await rig.RunAsync(settings)).Records.Count / 5);
    }

    [Fact]
    public async Task TheCommandsBackUpAndRestore()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig);
        await rig.RunAsync(settings);
        string[] place = ["--out", settings.Out, "--state", settings.State];
        var file = Path.Combine(settings.Out, "state.backup");

        var saved = await CliProcess.RunAsync(["backup", "--to", file, .. place]);
        var kept = await CliProcess.RunAsync(["backup", "--to", file, .. place]);
        var replaced = await CliProcess.RunAsync(["backup", "--to", file, "--replace", .. place]);
        var none = Path.Combine(settings.Out, "none", "my.backup");
        var unwritable = await CliProcess.RunAsync(["backup", "--to", none, .. place]);
        var refused = await CliProcess.RunAsync(["restore", "--from", file, .. place]);
        var restored = await CliProcess.RunAsync(["restore", "--from", file, "--replace", .. place]);
        var status = await CliProcess.RunAsync(["status", .. place]);
        var done = await CliProcess.RunAsync(["restore", "--done", .. place]);

        Assert.Equal((0, ""), (saved.ExitCode, saved.Error));
        Assert.Contains("1 list, 3 submissions, 15 inputs", saved.Output, StringComparison.Ordinal);
        Assert.Equal((2, ""), (kept.ExitCode, kept.Output));
        Assert.Contains($"There is a file {file}.", kept.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (replaced.ExitCode, replaced.Error));
        Assert.Equal(2, unwritable.ExitCode);
        Assert.StartsWith(
            $"pipeline: --to {none} cannot be written: there is no such folder.", unwritable.Error,
            StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Add --replace", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (restored.ExitCode, restored.Error));
        Assert.Contains("15 records", restored.Output, StringComparison.Ordinal);
        Assert.StartsWith("The ledger was restored on ", status.Error, StringComparison.Ordinal);
        Assert.EndsWith(
            $"pipeline restore --done --out {settings.Out} --state {settings.State}\n", status.Error,
            StringComparison.Ordinal);
        Assert.Equal((0, ""), (done.ExitCode, done.Error));
        Assert.Equal(15, (await rig.RunAsync(settings)).Records.Count);
    }

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
        limit.CancelAfter(Patience.Limit);
        await using var host = await RunHost.StartAsync(settings, _ => { }, limit.Token);
        var ledger = host.Services.GetRequiredService<ILedger>();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var serving = host.ServeAsync(done.Token);
        while (await ledger.GetListAsync(listId, limit.Token) is not { State: ListState.Closed })
            await Task.Delay(50, limit.Token);
        await done.CancelAsync();
        await serving;
    }
}
