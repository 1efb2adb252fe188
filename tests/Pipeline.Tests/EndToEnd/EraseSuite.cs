using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Steering;
using Pipeline.Stores;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Erasing a list: nothing of it is left, nothing comes back, and other lists keep everything.</summary>
public abstract class EraseSuite(Servers? azure) : StoreSuite(azure)
{
    private protected const string Gone = "erase-me";
    private protected const string Kept = "keep-me";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "1")]
    public async Task ErasingLeavesNothingOfAListAndEverythingOfTheOthers()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, "before-me", 5));
        await rig.RunAsync(Settings(rig, Gone, 12));
        var before = await rig.RunAsync(Settings(rig, Kept, 7));
        await SendLeftoversAsync(rig);
        Assert.NotEmpty(await SearchAsync(rig, Gone));

        var report = await EraseAsync(rig);

        Assert.Equal((13, 1), (report.Parts.Inputs, report.Parts.Failures));
        Assert.Null(report.Parts.Left);
        Assert.Empty(await SearchAsync(rig, Gone));
        await AssertOthersAsync(rig, before);
    }

    [Fact]
    public async Task ErasingAgainSaysThatThereIsNothing()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 3));
        await EraseAsync(rig);

        var again = await EraseAsync(rig);

        Assert.True(again.Parts.IsNothing);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task LateMessagesBringNothingBack()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 3));
        await rig.RunAsync(Settings(rig, Kept, 3));
        var posts = (await rig.PostsAsync()).Count;
        await EraseAsync(rig);

        await SendLeftoversAsync(rig, withDeadLetters: false);
        await rig.RunAsync(Settings(rig, "after-me", 3));

        Assert.Equal(posts + 1, (await rig.PostsAsync()).Count);
        // SQLite keeps the bytes of handled messages in free pages. Another erasure then finds only those.
        if (rig.Azure is null)
            Assert.True((await EraseAsync(rig)).Parts.IsNothing);
        Assert.Empty(await SearchAsync(rig, Gone));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task TheSameListSubmittedAgainIsANewOne()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 3));
        await EraseAsync(rig);

        await rig.RunAsync(Settings(rig, Gone, 3));
        await rig.RunAsync(Settings(rig, Gone, 3));

        await using var stores = await StoreAccess.OpenAsync(Any(rig), Stop);
        var ledger = stores.Services.GetRequiredService<ILedger>();
        Assert.Equal(ListState.Closed, (await ledger.GetListAsync($"{Gone}-2", Stop))?.State);
        Assert.Null(await ledger.GetListAsync(Gone, Stop));
        Assert.Equal(2, (await rig.PostsAsync()).Count);
    }

    [Fact]
    public async Task TheObjectsInTheBucketAreDeletedWhenAskedFor()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, Gone, 3));
        await rig.RunAsync(Settings(rig, Kept, 3));

        var report = await EraseAsync(rig, new(WithObjects: true));

        Assert.Equal(3, report.Objects);
        await using var stores = await StoreAccess.OpenAsync(Any(rig), Stop);
        var objects = stores.Services.GetRequiredService<ObjectStores>();
        var left = await objects.ListAsync(ObjectUri.Parse("s3://results/tests/"), Stop).ToListAsync(Stop);
        Assert.Equal(3, left.Count);
        Assert.All(left, item => Assert.Contains(Kept, item.Uri.Key, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task ListsWithSimilarIdsKeepEverything()
    {
        await using var rig = await StartAsync();
        // Ids that start with this one, that look like its submissions, its next run or its revision, and one in
        // capitals.
        string[] others = [$"{Gone}0", $"{Gone}-000000", $"{Gone}-2", $"{Gone}-r1", Gone.ToUpperInvariant()];
        await rig.RunAsync(Settings(rig, Gone, 1));
        foreach (var other in others)
            await rig.RunAsync(Settings(rig, other, 1));

        await EraseAsync(rig);

        await using var stores = await StoreAccess.OpenAsync(Any(rig), Stop);
        var ledger = stores.Services.GetRequiredService<ILedger>();
        var manifests = stores.Services.GetRequiredService<IManifestReader>();
        Assert.Null(await ledger.GetListAsync(Gone, Stop));
        Assert.Null(await ledger.GetSubmissionAsync($"{Gone}-000000", Stop));
        foreach (var other in others)
        {
            Assert.Equal(ListState.Closed, (await ledger.GetListAsync(other, Stop))?.State);
            Assert.NotEmpty(await ledger.GetInputsAsync($"{other}-000000", Stop));
            Assert.Equal(1, (await manifests.ReadManifestAsync(other, Stop))?.Records);
        }
    }

    [Fact]
    public async Task TwoErasuresAtOnceDoNoHarm()
    {
        await using var rig = await StartAsync();
        await rig.RunAsync(Settings(rig, "before-me", 2));
        await rig.RunAsync(Settings(rig, Gone, 5));
        var before = await rig.RunAsync(Settings(rig, Kept, 7));

        await Task.WhenAll(EraseAsync(rig), EraseAsync(rig));

        Assert.Empty(await SearchAsync(rig, Gone));
        await AssertOthersAsync(rig, before);
    }

    [Fact]
    public async Task TheNextRunOfASeriesFetchesWhatOnlyTheErasedRunKnew()
    {
        await using var rig = await StartAsync();
        RunSettings Run(string id, bool onlyNew, params IEnumerable<string> urls) =>
            rig.Settings(rig.List([.. urls, $"# {id}"])) with { ListId = id, Series = new("prices", onlyNew) };
        await rig.RunAsync(Run("first", false, Rig.Urls(4)));
        // The second run has newer records of two pages, and one new page.
        await rig.RunAsync(Run(Gone, false, Rig.Urls(2).Append("http://sample.test/sample/generated/9")));
        var posts = (await rig.PostsAsync()).Count;
        await EraseAsync(rig);

        await rig.RunAsync(Run("third", true, Rig.Urls(3)));

        await using var stores = await StoreAccess.OpenAsync(Any(rig), Stop);
        var manifest = await stores.Services.GetRequiredService<IManifestReader>().ReadManifestAsync("third", Stop);
        Assert.Equal(posts + 1, (await rig.PostsAsync()).Count);
        // Pages 1 and 2 are forgotten, page 3 is known; compared with the first run, page 4 is removed.
        Assert.Equal((2, 1, 2, 1), (
            manifest!.Inputs, manifest.LeftOut, manifest.Changes!.New, manifest.Changes.Removed));
    }

    [Fact]
    public async Task AnOpenListIsNotErased()
    {
        await using var rig = await StartAsync();
        var settings = Settings(rig, Gone, 3);
        settings.WorkStore.PrepareToSubmit();
        await using var stores = await StoreAccess.OpenAsync(settings, Stop);
        var ledger = stores.Services.GetRequiredService<ILedger>();
        await ledger.CreateListAsync(
            new() { ListId = Gone, State = ListState.Open, CreatedAt = DateTimeOffset.UnixEpoch }, Stop);
        var erasure = stores.Services.GetRequiredService<ListErasure>();

        var open = await Assert.ThrowsAsync<PipelineException>(() => erasure.EraseAsync(Gone, new(), "me", Stop));
        await stores.Services.GetRequiredService<ListControls>().CancelAsync(Gone, "me", Stop);
        var cancelled = await Assert.ThrowsAsync<PipelineException>(
            () => erasure.EraseAsync(Gone, new(), "me", Stop));
        var report = await erasure.EraseAsync(Gone, new(Force: true), "me", Stop);

        Assert.Contains($"pipeline cancel {Gone}", open.Message, StringComparison.Ordinal);
        Assert.Contains("--force", cancelled.Message, StringComparison.Ordinal);
        Assert.False(report.Parts.IsNothing);
        Assert.Null(await ledger.GetListAsync(Gone, Stop));
    }

    private protected static RunSettings Settings(Rig rig, string id, int count) =>
        rig.Settings(rig.List([.. Rig.Urls(count).Select(url => $"{url}&of={id}"), $"no url of {id}"])) with
        {
            ListId = id, Series = new("prices"),
        };

    /// <summary>The settings of a command that reads no list.</summary>
    private protected static RunSettings Any(Rig rig) => rig.Settings("none");

    private protected static async Task<ErasureReport> EraseAsync(Rig rig, ErasureChoice? choice = null)
    {
        await using var stores = await StoreAccess.OpenAsync(Any(rig), Stop);
        return await stores.Services.GetRequiredService<ListErasure>().EraseAsync(
            Gone, choice ?? new(), "somebody", Stop);
    }

    private protected static async Task<IReadOnlyList<string>> SearchAsync(Rig rig, string text) =>
        rig.Azure is null
            ? StoreSearch.Files(text, Any(rig).State, rig.Out)
            : await StoreSearch.AccountAsync(rig.Azure, text);

    /// <summary>Sends messages of the list, as a redelivery or a late webhook would.</summary>
    private static async Task SendLeftoversAsync(Rig rig, bool withDeadLetters = true)
    {
        await using var stores = await StoreAccess.OpenAsync(Any(rig), Stop);
        var queue = stores.Services.GetRequiredService<IWorkQueue>();
        async Task SendAsync(string name, object message)
        {
            var body = Encoding.UTF8.GetBytes(message as string ?? JsonSerializer.Serialize(message));
            await queue.SendAsync(name, [body], TimeSpan.Zero, Stop);
            if (withDeadLetters)
                await queue.SendAsync(name + QueueNames.PoisonSuffix, [body], TimeSpan.Zero, Stop);
        }

        await SendAsync(QueueNames.Submissions, new { submission_id = $"{Gone}-000000" });
        await SendAsync(QueueNames.Results, new
        {
            submission_id = $"{Gone}-000000", task_id = Guid.NewGuid(), learnt = "Webhook",
            since = TimeProvider.System.GetUtcNow(),
        });
        await SendAsync(
            QueueNames.UrlLists,
            new { list_id = Gone, inputs = new[] { new { url = $"http://sample.test/{Gone}" } } });
        if (withDeadLetters && rig.Azure is not null)
            await SendAsync(QueueNames.UrlLists, new
            {
                list_id = Gone,
                inputs = Enumerable.Range(0, 3000).Select(i => new { url = $"http://sample.test/{Gone}/{i}" }),
            });
    }

    private protected static async Task AssertOthersAsync(Rig rig, RunOutcome before)
    {
        var after = await rig.RunAsync(Settings(rig, Kept, 7));
        Assert.Equal(ExitCodes.SomeFailed, after.ExitCode);
        Assert.Equal(before.Posts.Count, after.Posts.Count);
        if (rig.Azure is not null)
            return;
        Assert.Equal(
            before.RecordLines.Where(line => !line.Contains(Gone, StringComparison.Ordinal)), after.RecordLines);
        var bytes = await File.ReadAllBytesAsync(Path.Combine(rig.Out, "records.ndjson"), Stop);
        foreach (var list in after.Manifest.GetProperty("lists").EnumerateArray())
        {
            var location = list.GetProperty("locations")[0];
            Assert.Equal(
                Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, location.GetProperty("bytes").GetInt32()))),
                location.GetProperty("sha256").GetString());
        }
    }
}
