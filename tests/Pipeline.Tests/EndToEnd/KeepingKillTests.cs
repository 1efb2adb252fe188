using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// <c>pipeline backup</c> and <c>restore</c>, killed at each step: either the old or the new file or state is there,
/// and the next command leaves no leftovers.
/// </summary>
public sealed class KeepingKillTests
{
    private const int Killed = 137;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "1")]
    public async Task ABackupThatIsKilledLeavesTheOldFileAndNoCopyOfTheState()
    {
        using var folder = new TempFolder();
        await MakeAsync(folder["state"], "first");
        var file = folder["kept/state.backup"];
        Directory.CreateDirectory(folder["kept"]);
        await File.WriteAllTextAsync(file, "the backup of yesterday", Stop);

        foreach (var boundary in new[] { "backup.after-copy", "backup.after-note", "backup.before-commit" })
        {
            Assert.Equal(Killed, (await RunAsync(folder, boundary, "backup", "--replace", "--to", file)).ExitCode);
            Assert.Equal("the backup of yesterday", await File.ReadAllTextAsync(file, Stop));
            Assert.Equal(2, Directory.GetFileSystemEntries(folder["kept"]).Length);
        }

        var whole = await RunAsync(folder, boundary: null, "backup", "--replace", "--to", file);
        Assert.Equal((ExitCodes.Complete, ""), (whole.ExitCode, whole.Error));
        Assert.Empty(Leftovers(folder));
        Assert.Equal(["state.backup"], Directory.EnumerateFileSystemEntries(folder["kept"]).Select(Path.GetFileName));
        var restored = await CliProcess.RunAsync(
            ["restore", "--from", file, "--out", folder["out2"], "--state", folder["state2"]]);
        Assert.Equal((ExitCodes.Complete, ""), (restored.ExitCode, restored.Error));
        Assert.Equal(["first"], await ListsAsync(folder["state2"]));
    }

    /// <summary>The copy that a killed backup leaves holds every list, so an erasure must remove it.</summary>
    [Fact]
    public async Task AnErasureRemovesTheCopyOfABackupThatWasKilled()
    {
        using var folder = new TempFolder();
        await MakeAsync(folder["state"], "secret-list");
        await RunAsync(folder, "backup.after-copy", "backup", "--to", folder["state.backup"]);
        Assert.NotEmpty(Leftovers(folder));

        var erased = await RunAsync(folder, boundary: null, "erase", "secret-list", "--yes");

        Assert.Equal((ExitCodes.Complete, ""), (erased.ExitCode, erased.Error));
        Assert.Empty(Leftovers(folder));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ARestoreThatIsKilledLeavesTheOldStateOrTheNewOne()
    {
        using var folder = new TempFolder();
        await MakeAsync(folder["state"], "backed-up");
        var file = folder["state.backup"];
        await RunAsync(folder, boundary: null, "backup", "--to", file);
        Directory.Delete(folder["state"], recursive: true);
        await MakeAsync(folder["state"], "later");
        string[] restore = ["restore", "--replace", "--from", file];

        Assert.Equal(Killed, (await RunAsync(folder, "restore.before-replace", restore)).ExitCode);
        Assert.Equal(["later"], await ListsAsync(folder["state"]));
        Assert.Equal(Killed, (await RunAsync(folder, "restore.after-replace", restore)).ExitCode);
        Assert.Equal(["backed-up"], await ListsAsync(folder["state"]));
        Assert.NotEmpty(Leftovers(folder));
        Assert.Equal(ExitCodes.Complete, (await RunAsync(folder, boundary: null, restore)).ExitCode);

        Assert.Equal(["backed-up"], await ListsAsync(folder["state"]));
        Assert.Empty(Leftovers(folder));
    }

    /// <summary>Makes a state with a closed list.</summary>
    private static async Task MakeAsync(string state, string listId)
    {
        Directory.CreateDirectory(state);
        await using var database = await LocalDatabase.OpenAsync(state, Stop);
        var ledger = new LocalLedger(database);
        var list = await ledger.CreateListAsync(Some.List(listId), Stop);
        await ledger.UpdateListAsync(list with { State = ListState.Closed, ClosedAt = Some.Time }, Stop);
    }

    private static async Task<IReadOnlyList<string>> ListsAsync(string state)
    {
        await using var database = await LocalDatabase.OpenAsync(state, Stop);
        return await new LocalLedger(database).GetListIdsAsync(Stop).ToListAsync(Stop);
    }

    private static IEnumerable<string> Leftovers(TempFolder folder) =>
        Directory.EnumerateFileSystemEntries(folder["state"], "*.pipeline-part-*");

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(
        TempFolder folder, string? boundary, params string[] arguments) => CliProcess.RunAsync(
            [.. arguments, "--out", folder["out"], "--state", folder["state"]],
            boundary is null ? [] : [("PIPELINE_CRASH_AT", boundary)]);
}

/// <summary><c>pipeline restore</c> into a storage account, killed at each boundary, against Azurite.</summary>
[Trait("Needs", "servers")]
public sealed class AccountKeepingKillTests(Servers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task ARestoreThatIsKilledIsUnfinishedUntilTheSameCommandEndsIt()
    {
        using var folder = new TempFolder();
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        var ledger = new TableLedger(from.Open(), TimeProvider.System);
        var list = await ledger.CreateListAsync(Some.List(), Stop);
        await ledger.UpdateListAsync(list with { State = ListState.Open }, Stop);
        var submission = Some.Submission();
        await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Stop);
        var file = folder["ledger.backup"];
        Assert.Equal(0, (await RunAsync(from, boundary: null, "backup", "--to", file)).ExitCode);
        using var account = to.Open();
        var restores = new TableRestoreLedger(account);

        foreach (var boundary in new[]
        {
            "restore.after-begin", "restore.after-clear", "restore.after-ledger", "restore.after-index",
            "restore.before-end",
        })
        {
            Assert.Equal(137, (await RunAsync(to, boundary, "restore", "--from", file)).ExitCode);
            Assert.True((await restores.FindRestoreAsync(Stop))!.IsUnfinished);
        }

        var whole = await RunAsync(to, boundary: null, "restore", "--from", file);
        Assert.Equal((ExitCodes.Complete, ""), (whole.ExitCode, whole.Error));
        Assert.False((await restores.FindRestoreAsync(Stop))!.IsUnfinished);
        var restored = new TableLedger(account, TimeProvider.System);
        Assert.Equal(3, (await restored.GetInputsAsync(submission.SubmissionId, Stop)).Count);
        Assert.Single(await restored.GetDueSubmissionsAsync(TimeProvider.System.GetUtcNow(), 10, Stop));
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(
        AzuriteAccount account, string? boundary, params string[] arguments) => CliProcess.RunAsync(
            arguments,
            [
                ("AzureWebJobsStorage", account.ConnectionString()),
                .. boundary is null ? Array.Empty<(string, string)>() : [("PIPELINE_CRASH_AT", boundary)],
            ]);
}
