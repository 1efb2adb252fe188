using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Backup and restore of a storage account.</summary>
[Trait("Needs", "servers")]
public sealed class RestoreOverAzureTests(Servers servers) : RestoreSuite(servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task TheRowOfTheRunbookMakesSubmitLookBeforeItPosts()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var account = rig.Azure!.Open();
        var at = TimeProvider.System.GetUtcNow();
        await account.Tables.GetTableClient(AzureNames.DueTable).AddEntityAsync(
            new TableEntity("restored", "last") { ["Since"] = at.AddMinutes(-5), ["At"] = at }, Stop);

        var outcome = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 15), (outcome.ExitCode, outcome.Records.Count));
        Assert.Equal(3, outcome.Posts.Count);
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        var restores = stores.Services.GetRequiredService<IRestoreLedger>();
        Assert.Equal(at, (await restores.FindRestoreAsync(Stop))?.At);
        await restores.ForgetRestoreAsync(Stop);
        Assert.Null(await restores.FindRestoreAsync(Stop));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AnAccountThatKnowsNothingOfAListCountsItOnceInTheBudgets()
    {
        await using var rig = await StartAsync();
        var settings = Settings(
            rig, more: [("Guards:MaxUrlsPerList", "40"), ("Guards:MaxUrlsPerDay", "90")]) with { ListId = "lost" };
        await rig.RunAsync(settings);
        // Another account without anything of that run.
        using var other = (await CreateAccountAsync()).Open();
        var at = TimeProvider.System.GetUtcNow();
        await other.Tables.GetTableClient(AzureNames.DueTable).CreateIfNotExistsAsync(Stop);
        await other.Tables.GetTableClient(AzureNames.DueTable).AddEntityAsync(
            new TableEntity("restored", "last") { ["Since"] = at.AddMinutes(-5), ["At"] = at }, Stop);
        var restored = settings with { Azure = other.Options };

        await rig.RunAsync(restored);
        var again = await rig.RunAsync(restored);

        Assert.Equal(3, again.Posts.Count);
        await using var stores = await StoreAccess.OpenAsync(restored, Stop);
        await Budgets.AssertAsync(stores.Services, "lost", 15);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task BackupsWhileARunWorksAreLedgersThatItCouldHaveLeft()
    {
        await using var rig = await StartAsync();
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
        await RestoreAsync(rig, settings, backup);
        var again = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 15), (again.ExitCode, again.Records.Count));
        Assert.Equal(posts, again.Posts.Count);
        await backup.DisposeAsync();
    }

    [Fact]
    [Trait("Promise", "8")]
    public async Task AListThatOnlyNimbleKnowsIsNamedUntilItIsSentAgainAndIsNotPaidForTwice()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig) with { ListId = "before" };
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        var list = rig.List(Rig.Urls(7).Select(url => $"{url}&of=after"));
        var after = settings with { ListId = "after", Lists = [list] };
        await rig.RunAsync(after);
        await RestoreAsync(rig, settings, backup);

        var said = await FindLostAsync(rig, settings);
        var posts = (await rig.PostsAsync()).Count;
        await rig.RunAsync(after);
        var nothing = await FindLostAsync(rig, settings);

        Assert.Equal((ExitCodes.SomeFailed, ""), (said.ExitCode, said.Error));
        Assert.Matches("(?m)^after +7 ", said.Output);
        Assert.DoesNotMatch("(?m)^before ", said.Output);
        Assert.Contains("Send each again as it was then", said.Output, StringComparison.Ordinal);
        Assert.Equal(posts, (await rig.PostsAsync()).Count);
        Assert.Equal((ExitCodes.Complete, ""), (nothing.ExitCode, nothing.Error));
    }

    [Fact]
    public async Task TheCommandsBackUpAndRestoreAnAccount()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig);
        await rig.RunAsync(settings);
        using var folder = new TempFolder();
        (string, string)[] here = [("AzureWebJobsStorage", rig.Azure!.ConnectionString())];
        (string, string)[] elsewhere =
            [("AzureWebJobsStorage", (await CreateAccountAsync()).ConnectionString())];
        var file = folder["ledger.backup"];

        var saved = await CliProcess.RunAsync(["backup", "--to", file], here);
        var refused = await CliProcess.RunAsync(["restore", "--from", file], here);
        var restored = await CliProcess.RunAsync(["restore", "--from", file], elsewhere);
        var local = await CliProcess.RunAsync(["restore", "--from", file, "--out", folder["out"]]);

        Assert.Equal((0, ""), (saved.ExitCode, saved.Error));
        Assert.Contains("1 list, 3 submissions, 15 inputs", saved.Output, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Add --replace", refused.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (restored.ExitCode, restored.Error));
        Assert.Contains("1 list, 3 submissions, 15 inputs", restored.Output, StringComparison.Ordinal);
        Assert.Equal(2, local.ExitCode);
        Assert.Contains("Set AzureWebJobsStorage", local.Error, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output, string Error)> FindLostAsync(Rig rig, RunSettings settings) =>
        CliProcess.RunAsync(
            ["restore", "--lost", "--out", rig.Out, "--state", settings.State],
            ("AzureWebJobsStorage", rig.Azure!.ConnectionString()), ("NIMBLE_API_KEY", Rig.Key),
            ("Pipeline__Nimble__BaseUrl", rig.Emulator.BaseAddress.AbsoluteUri));
}
