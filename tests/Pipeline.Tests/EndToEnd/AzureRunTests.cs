using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Collect;
using Pipeline.Hosting;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Azure.Records;
using Pipeline.Submit;
using Pipeline.Sweep;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// All stages over Azure Storage, from a list in a blob to its manifest, driven as the Functions host drives them.
/// </summary>
[Trait("Needs", "servers")]
[Trait("Promise", "1")]
public sealed class AzureRunTests(Servers servers)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryInputOfAListInABlobEndsAsOneRecordOrOneFailure()
    {
        var azurite = await servers.AzureAsync();
        await using var rig = await Rig.StartAsync();
        await using var services = Build(rig, azurite);
        var account = azurite.Open();
        await account.Blobs.CreateBlobContainerAsync("lists", cancellationToken: Ct);
        await account.Blobs.GetBlobContainerClient("lists").GetBlobClient("in/urls.txt").UploadAsync(
            BinaryData.FromString(string.Join('\n', [.. Rig.Urls(60), "not a url", .. Rig.Urls(5)])), Ct);
        await services.GetRequiredService<IWorkQueue>().SendAsync(
            QueueNames.UrlLists, ["""{"source":"azblob://lists/in/urls.txt","list_id":"list-1"}"""u8.ToArray()],
            TimeSpan.Zero, Ct);

        await ServeAsync(services, "list-1");

        var manifest = JsonElement.Parse(
            (
                await account.Blobs.GetBlobContainerClient(
                    AzureNames.ManifestsContainer).GetBlobClient("list-1.json").DownloadContentAsync(Ct))
                        .Value.Content);
        Assert.Equal((61, 60, 1, 5), (Count("inputs"), Count("records"), Count("failures"), Count("duplicates")));
        Assert.Equal(
            60,
            manifest.GetProperty("locations").EnumerateArray().Sum(
                location => location.GetProperty("records").GetInt32()));
        Assert.Equal(3, (await rig.PostsAsync()).Count);
        var blobs = await account.Blobs.GetBlobContainerClient(
            AzureNames.RecordsContainer).GetBlobsAsync(cancellationToken: Ct).Select(blob => blob.Name).ToListAsync(Ct);
        Assert.All(blobs, name => Assert.EndsWith(RecordParts.Suffix, name, StringComparison.Ordinal));
        Assert.Equal(3, blobs.Count(name => name.Count(c => c == '/') == 1));
        var receiver = services.GetRequiredService<StorageQueueReceiver>();
        Assert.InRange(await receiver.CountAsync(AzureNames.RecordsQueue, Ct), 3, 60);
        Assert.Equal(1, await receiver.CountAsync(AzureNames.FailuresQueue, Ct));
        Assert.Equal(1, await receiver.CountAsync(AzureNames.ManifestsQueue, Ct));

        int Count(string name) => manifest.GetProperty(name).GetInt32();
    }

    private static ServiceProvider Build(Rig rig, AzuriteAccount azurite)
    {
        var settings = rig.Settings("none");
        return new ServiceCollection()
            .AddLogging()
            .AddPipeline(options =>
            {
                settings.Apply(options);
                options.Intake.MaxInputsPerSubmission = 25;
                options.Intake.SourcePrefixes.Add("azblob://lists/");
            })
            .AddAzureStores(new AzureStorageOptions { ConnectionString = azurite.ConnectionString() })
            .AddCloudObjects(settings.Stores)
            .BuildServiceProvider();
    }

    private static async Task ServeAsync(IServiceProvider services, string listId)
    {
        var ledger = services.GetRequiredService<ILedger>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Limit);
        while (await ledger.GetListAsync(listId, limit.Token) is not { State: ListState.Closed })
        {
            await PumpAsync(
                services, QueueNames.UrlLists, services.GetRequiredService<IntakeStage>().HandleAsync, limit.Token);
            await PumpAsync(
                services, QueueNames.Submissions, services.GetRequiredService<SubmitStage>().HandleAsync, limit.Token);
            await PumpAsync(
                services, QueueNames.Results, services.GetRequiredService<CollectStage>().HandleAsync, limit.Token);
            await services.GetRequiredService<SweepStage>().HandleAsync(limit.Token);
        }
    }

    private static async Task PumpAsync(
        IServiceProvider services, string queue, Func<ReadOnlyMemory<byte>, CancellationToken, Task> handle,
        CancellationToken cancellationToken)
    {
        var receiver = services.GetRequiredService<StorageQueueReceiver>();
        while ((await receiver.ReceiveAsync(queue, 32, TimeSpan.FromMinutes(1), cancellationToken)).Messages
            is { Count: > 0 } messages)
            await Parallel.ForEachAsync(messages, cancellationToken, async (message, token) =>
            {
                await handle(await message.OpenAsync(token), token);
                Assert.True(await receiver.CompleteAsync(message, token));
            });
    }
}
