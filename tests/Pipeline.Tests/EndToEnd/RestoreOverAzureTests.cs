using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Stores;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>An account that was failed over, and says so in a row: Submit looks before it posts.</summary>
[Trait("Needs", "servers")]
public sealed class RestoreOverAzureTests(Servers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task TheRowOfTheRunbookMakesSubmitLookBeforeItPosts()
    {
        await using var rig = await Rig.StartAsync(azure: await servers.AzureAsync());
        var settings = rig.Settings(
            rig.List(Rig.Urls(4)), tuning: [("Sweep:PostingLease", "00:00:00.5"), ("Nimble:Timeout", "00:00:00.4")]);
        settings.WorkStore.PrepareToSubmit();
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        await using (var lists = new ListFiles(settings, Terminal.On(TextWriter.Null)))
        {
            await lists.InspectAsync(Stop);
            await lists.SubmitAsync(stores.Services, Stop);
        }
        using var account = rig.Azure!.Open();
        var at = TimeProvider.System.GetUtcNow();
        await account.Tables.GetTableClient(AzureNames.DueTable).AddEntityAsync(
            new TableEntity("restored", "last") { ["Since"] = at.AddMinutes(-5), ["At"] = at }, Stop);

        var outcome = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 4), (outcome.ExitCode, outcome.Records.Count));
        Assert.Single(outcome.Posts);
        var restores = stores.Services.GetRequiredService<IRestoreLedger>();
        Assert.Equal(at, (await restores.FindRestoreAsync(Stop))?.At);
        await restores.ForgetRestoreAsync(Stop);
        Assert.Null(await restores.FindRestoreAsync(Stop));
    }
}
