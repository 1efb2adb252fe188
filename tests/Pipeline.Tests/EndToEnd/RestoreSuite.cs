using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Steering;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>A ledger that is restored from an old backup: nothing is posted twice, nothing is lost.</summary>
public abstract class RestoreSuite(Servers? azure) : StoreSuite(azure)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "2")]
    public async Task WhatWasPostedAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        var first = await rig.RunAsync(settings);

        await RestoreAsync(rig, settings, backup);
        var again = await rig.RunAsync(settings);

        Assert.Equal(ExitCodes.Complete, again.ExitCode);
        Assert.Equal(first.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AListThatWasSentAfterTheBackupIsNotPostedAgain()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(2).Select(url => url + "&of=before"))));
        using var backup = await BackUpAsync(Settings(rig));
        var first = await rig.RunAsync(Settings(rig));

        await RestoreAsync(rig, Settings(rig), backup);
        var again = await rig.RunAsync(Settings(rig));

        Assert.Equal(ExitCodes.Complete, again.ExitCode);
        Assert.Equal(first.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("input")]
    [InlineData("none")]
    [Trait("Promise", "2")]
    public async Task WhatWasPostedInPartsAfterARefusalIsNotPostedAgain(string echo)
    {
        await using var rig = await StartAsync($"echo={echo}");
        var settings = SettingsWithARefusedInput(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        var first = await rig.RunAsync(settings);

        await RestoreAsync(rig, settings, backup);
        var again = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.SomeFailed, 4), (again.ExitCode, first.RecordLines.Count));
        Assert.Equal(first.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(first.Posts.Count, again.Posts.Count);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("none")]
    [Trait("Promise", "2")]
    public async Task WhatABudgetDividedIsNotPostedWholeWithALargerOne(string echo)
    {
        await using var rig = await StartAsync($"echo={echo}");
        var settings = Settings(rig, more: [("Guards:MaxUrlsPerList", "7")]) with { ListId = "divided" };
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        var first = await rig.RunAsync(settings);

        await RestoreAsync(rig, settings, backup);
        var again = await rig.RunAsync(
            Settings(rig, more: [("Guards:MaxUrlsPerList", "100")]) with { ListId = "divided" });

        Assert.Equal((7, 15), (first.RecordLines.Count, again.RecordLines.Count));
        Assert.Equal(15, again.Posts.Sum(post => post.GetProperty("inputs").GetInt32()));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("input")]
    [Trait("Promise", "8")]
    public async Task AListDoesNotAdoptTheBatchesOfAnotherWithTheSameUrls(string echo)
    {
        await using var rig = await StartAsync($"echo={echo}");
        var settings = Settings(rig) with { ListId = "one" };
        var first = await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);

        await RestoreAsync(rig, settings, backup);
        var second = await rig.RunAsync(settings with { ListId = "two" });

        Assert.Equal((ExitCodes.Complete, 3), (second.ExitCode, first.Posts.Count));
        Assert.Equal(6, second.Posts.Count);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task WhatIsAdoptedCountsOnceInTheBudgetsAndTheManifest()
    {
        await using var rig = await StartAsync();
        var settings = Settings(
            rig, more: [("Guards:MaxUrlsPerList", "40"), ("Guards:MaxUrlsPerDay", "90"),
                ("Nimble:PricePerUrl", "0.5")]) with { ListId = "lost" };
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        await rig.RunAsync(settings);

        await RestoreAsync(rig, settings, backup);
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
    public async Task WhatWasNeverPostedIsPostedOnceItWasLookedFor()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig);
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);

        await RestoreAsync(rig, settings, backup);
        var outcome = await rig.RunAsync(settings);

        Assert.Equal((ExitCodes.Complete, 3), (outcome.ExitCode, outcome.Posts.Count));
    }

    [Fact]
    [Trait("Promise", "10")]
    public async Task StatusSaysWhatIsLookedForAndHowToEndIt()
    {
        await using var rig = await StartAsync();
        // The search at Nimble starts later than the test ends.
        var settings = Settings(rig, "01:00:00");
        await SubmitAsync(settings);
        using var backup = await BackUpAsync(settings);
        await RestoreAsync(rig, settings, backup);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var said = new StringWriter();
        var running = new RunJob(settings, TextWriter.Synchronized(said)).RunAsync(stop.Token);

        var waits = await WaitForAsync(settings);
        await stop.CancelAsync();
        await running;

        Assert.Contains("restored from a backup", waits, StringComparison.Ordinal);
        Assert.Contains("pipeline restore --done", waits, StringComparison.Ordinal);
        Assert.Contains("inputs wait to be posted", waits, StringComparison.Ordinal);
        Assert.Contains("The ledger was restored on", said.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("POST", said.ToString(), StringComparison.Ordinal);
        Assert.Empty(await rig.PostsAsync());
    }

    [Fact]
    public async Task WhatWasErasedAfterTheBackupStaysErased()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig) with { ListId = "erase-me" };
        await rig.RunAsync(settings);
        using var backup = await BackUpAsync(settings);
        await using (var stores = await StoreAccess.OpenAsync(settings, Stop))
            await stores.Services.GetRequiredService<ListErasure>().EraseAsync("erase-me", new(), "me", Stop);

        await RestoreAsync(rig, settings, backup);

        await using var restored = await StoreAccess.OpenAsync(settings, Stop);
        Assert.Null(await restored.Services.GetRequiredService<ILedger>().GetListAsync("erase-me", Stop));
    }

    private protected static RunSettings Settings(
        Rig rig, string lease = "00:00:00.5", params IEnumerable<(string, string)> more) => rig.Settings(
        rig.List(Rig.Urls(15)), tuning:
        [
            ("Intake:MaxInputsPerSubmission", "5"), ("Sweep:PostingLease", lease), ("Nimble:Timeout", "00:00:00.4"),
            .. more,
        ]);

    /// <summary>A list of five inputs. Nimble refuses the last one.</summary>
    private protected static RunSettings SettingsWithARefusedInput(Rig rig) => Settings(rig) with
    {
        Lists = [rig.List([.. Rig.Urls(4), """{"url":"http://sample.test/","formats":["pdf"]}"""])],
    };

    private protected static async Task SubmitAsync(RunSettings settings)
    {
        settings.WorkStore.PrepareToSubmit();
        await using var lists = new ListFiles(settings, Terminal.On(TextWriter.Null));
        await lists.InspectAsync(Stop);
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        await lists.SubmitAsync(stores.Services, Stop);
    }

    private protected static async Task<MemoryStream> BackUpAsync(RunSettings settings)
    {
        var backup = new MemoryStream();
        await settings.WorkStore.BackUpAsync(backup, Stop);
        return backup;
    }

    /// <summary>Replaces the state by the backup; an account loses its messages, which no backup holds.</summary>
    private protected static async Task RestoreAsync(Rig rig, RunSettings settings, MemoryStream backup)
    {
        await settings.WorkStore.RestoreAsync(
            _ => Task.FromResult<Stream>(new MemoryStream(backup.ToArray())),
            new(Replace: true, Force: rig.Azure is not null), Stop);
        if (rig.Azure is not { } azure)
            return;
        using var account = azure.Open();
        foreach (var name in new[] { QueueNames.Submissions, QueueNames.Results })
            await account.Queues.GetQueueClient(name).DeleteIfExistsAsync(Stop);
    }

    private static async Task<string> WaitForAsync(RunSettings settings)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(Patience.Limit);
        await using var stores = await StoreAccess.OpenAsync(settings, limit.Token);
        var reporter = stores.Services.GetRequiredService<StatusReporter>();
        while (true)
        {
            foreach (var id in (await reporter.GetOpenListsAsync(limit.Token)).OpenLists)
                if (await reporter.GetListAsync(id, limit.Token) is { Waits: [var wait, ..] })
                    return wait.Describe();
            await Task.Delay(50, limit.Token);
        }
    }
}
