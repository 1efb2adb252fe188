using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>An account whose ledger is older than what was posted: nothing is posted twice, nothing is lost.</summary>
[Trait("Needs", "servers")]
public sealed class RestoreOverAzureTests(Servers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task TheRowOfTheRunbookMakesSubmitLookBeforeItPosts()
    {
        await using var rig = await Rig.StartAsync(azure: await servers.AzureAsync());
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var account = rig.Azure!.Open();
        var at = TimeProvider.System.GetUtcNow();
        await account.Tables.GetTableClient(AzureNames.DueTable).AddEntityAsync(
            new TableEntity("restored", "last") { ["Since"] = at.AddMinutes(-5), ["At"] = at }, Stop);

        var outcome = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 4), (outcome.ExitCode, outcome.Records.Count));
        Assert.Single(outcome.Posts);
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        var restores = stores.Services.GetRequiredService<IRestoreLedger>();
        Assert.Equal(at, (await restores.FindRestoreAsync(Stop))?.At);
        await restores.ForgetRestoreAsync(Stop);
        Assert.Null(await restores.FindRestoreAsync(Stop));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task WhatIsAdoptedCountsOnceInTheBudgets()
    {
        await using var rig = await Rig.StartAsync(azure: await servers.AzureAsync());
        var settings = rig.Settings(
            rig.List(Rig.Urls(4)), tuning:
            [
                ("Sweep:PostingLease", "00:00:00.5"), ("Nimble:Timeout", "00:00:00.4"),
                ("Guards:MaxUrlsPerList", "10"), ("Guards:MaxUrlsPerDay", "90"),
            ]) with { ListId = "lost" };
        await rig.RunAsync(settings);
        // Another account, which knows nothing of that run.
        using var other = (await servers.AzureAsync()).Open();
        var at = TimeProvider.System.GetUtcNow();
        await other.Tables.GetTableClient(AzureNames.DueTable).CreateIfNotExistsAsync(Stop);
        await other.Tables.GetTableClient(AzureNames.DueTable).AddEntityAsync(
            new TableEntity("restored", "last") { ["Since"] = at.AddMinutes(-5), ["At"] = at }, Stop);
        var restored = settings with { Azure = other.Options };

        await rig.RunAsync(restored);
        var again = await rig.RunAsync(restored);

        Assert.Single(again.Posts);
        await using var stores = await StoreAccess.OpenAsync(restored, Stop);
        await Budgets.AssertAsync(stores.Services, "lost", 4);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task WhatWasPostedAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await Rig.StartAsync(azure: await servers.AzureAsync());
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        var first = await rig.RunAsync(settings);

        await RestoreAsync(settings, backup);
        await LoseMessagesAsync(rig);
        var again = await rig.RunAsync(settings);

        Assert.Equal(ExitCodes.Complete, again.ExitCode);
        Assert.Equal(first.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task BackupsWhileARunWorksAreLedgersThatItCouldHaveLeft()
    {
        await using var rig = await Rig.StartAsync(azure: await servers.AzureAsync());
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var running = new RunJob(settings, TextWriter.Null).RunAsync(limit.Token);
        var backup = await BackUpAsync(settings);
        for (var more = 0; more < 3 && !running.IsCompleted; more++)
        {
            await backup.DisposeAsync();
            backup = await BackUpAsync(settings);
        }

        Assert.Equal(ExitCodes.Complete, await running);
        var posts = (await rig.PostsAsync()).Count;
        await RestoreAsync(settings, backup);
        await LoseMessagesAsync(rig);
        var again = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 4), (again.ExitCode, again.Records.Count));
        Assert.Equal(posts, again.Posts.Count);
        await backup.DisposeAsync();
    }

    [Fact]
    public async Task TheCommandsBackUpAndRestoreAnAccount()
    {
        await using var rig = await Rig.StartAsync(azure: await servers.AzureAsync());
        var settings = Settings(rig);
        await rig.RunAsync(settings);
        using var folder = new TempFolder();
        (string, string)[] here = [("AzureWebJobsStorage", rig.Azure!.ConnectionString())];
        (string, string)[] elsewhere =
            [("AzureWebJobsStorage", (await servers.AzureAsync()).ConnectionString())];
        var file = folder["ledger.backup"];

        var saved = await CliProcess.RunAsync(["backup", "--to", file], here);
        var refused = await CliProcess.RunAsync(["restore", "--from", file], here);
        var restored = await CliProcess.RunAsync(["restore", "--from", file], elsewhere);
        var local = await CliProcess.RunAsync(["restore", "--from", file, "--out", folder["out"]]);

        Assert.Equal((0, ""), (saved.ExitCode, saved.Error));
        Assert.Contains("1 list, 1 submission, 4 inputs", saved.Output, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Add --replace", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (restored.ExitCode, restored.Error));
        Assert.Contains("1 list, 1 submission, 4 inputs", restored.Output, StringComparison.Ordinal);
        Assert.Equal(2, local.ExitCode);
        Assert.Contains("Set AzureWebJobsStorage", local.Error, StringComparison.Ordinal);
    }

    private static RunSettings Settings(Rig rig) => rig.Settings(
        rig.List(Rig.Urls(4)), tuning: [("Sweep:PostingLease", "00:00:00.5"), ("Nimble:Timeout", "00:00:00.4")]);

    private static async Task SubmitAsync(RunSettings settings)
    {
        settings.WorkStore.PrepareToSubmit();
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        await using var lists = new ListFiles(settings, Terminal.On(TextWriter.Null));
        await lists.InspectAsync(Stop);
        await lists.SubmitAsync(stores.Services, Stop);
    }

    private static async Task<MemoryStream> BackUpAsync(RunSettings settings)
    {
        var backup = new MemoryStream();
        await settings.WorkStore.BackUpAsync(backup, Stop);
        return backup;
    }

    private static Task RestoreAsync(RunSettings settings, MemoryStream backup)
    {
        backup.Position = 0;
        return settings.WorkStore.RestoreAsync(
            _ => Task.FromResult<Stream>(new MemoryStream(backup.ToArray())), new(Replace: true, Force: true), Stop);
    }

    /// <summary>The other account has no messages, apart from those that the restore itself has sent.</summary>
    private static async Task LoseMessagesAsync(Rig rig)
    {
        using var account = rig.Azure!.Open();
        foreach (var name in new[] { "submissions", "results" })
            await account.Queues.GetQueueClient(name).DeleteIfExistsAsync(Stop);
    }
}
