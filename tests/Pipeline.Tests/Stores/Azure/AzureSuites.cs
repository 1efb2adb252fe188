using System.IO.Compression;
using System.Text;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Azure.Records;
using Pipeline.Tests.Contracts;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

[SuiteFor(typeof(StorageWorkQueue))]
[Trait("Needs", "servers")]
public sealed class StorageWorkQueueSuite(Servers servers) : WorkQueueContract
{
    private AzuriteAccount? _azurite;
    private AzureAccount _account = null!;
    private StorageQueueReceiver _receiver = null!;

    private protected override IWorkReceiver Receiver => _receiver;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async Task<IWorkQueue> OpenAsync()
    {
        _azurite ??= await servers.AzureAsync();
        _account = _azurite.Open();
        var claims = new ClaimChecks(_account, TimeProvider.System);
        var queue = new StorageWorkQueue(_account, claims);
        _receiver = new(queue, claims, TimeProvider.System);
        return queue;
    }

    protected override Task<IWorkQueue> ReopenAsync() => OpenAsync();

    protected override async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceiveAsync(string queue, bool complete)
    {
        var delivery = await _receiver.ReceiveAsync(queue, 32, TimeSpan.FromMinutes(1), Token);
        foreach (var message in delivery.Messages)
            Assert.True(
                await (
                    complete
                        ? _receiver.CompleteAsync(message, Token)
                        : _receiver.AbandonAsync(message, TimeSpan.Zero, "refused", Token)));
        return await Task.WhenAll(delivery.Messages.Select(message => message.OpenAsync(Token)));
    }

    protected override async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceivePoisonAsync(string queue)
    {
        var messages = await _account.Queues.GetQueueClient(
            queue + QueueNames.PoisonSuffix).PeekMessagesAsync(32, Token);
        return [.. messages.Value.Select(message => message.Body.ToMemory())];
    }

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time, Token);
}

[SuiteFor(typeof(TableLedger))]
[Trait("Needs", "servers")]
public sealed class TableLedgerSuite(Servers servers) : LedgerContract
{
    private AzuriteAccount? _azurite;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async Task<ILedger> OpenAsync() =>
        new TableLedger((_azurite ??= await servers.AzureAsync()).Open(), TimeProvider.System);

    protected override Task<ILedger> ReopenAsync() => OpenAsync();
}

[SuiteFor(typeof(AzureBlobStore))]
[Trait("Needs", "servers")]
public sealed class AzureBlobStoreSuite(Servers servers) : ObjectStoreContract
{
    private AzuriteAccount? _azurite;

    protected override ObjectUri Root => new("azblob", "container", "some/where/");

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async Task<IObjectStore> OpenAsync()
    {
        _azurite ??= await servers.AzureAsync();
        var account = _azurite.Open();
        await account.Blobs.GetBlobContainerClient(Root.Bucket).CreateIfNotExistsAsync(cancellationToken: Token);
        return new AzureBlobStore(account, TimeProvider.System, NullLogger<AzureBlobStore>.Instance);
    }

    protected override Task<IObjectStore> ReopenAsync() => OpenAsync();
}

[SuiteFor(typeof(AzureRecordStore))]
[Trait("Needs", "servers")]
public sealed class AzureRecordStoreSuite(Servers servers) : RecordStoreContract
{
    private AzuriteAccount? _azurite;
    private BlobServiceClient _blobs = null!;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async Task<IRecordStore> OpenAsync()
    {
        var account = (_azurite ??= await servers.AzureAsync()).Open();
        _blobs = account.Blobs;
        return AzureOutput.StoreOf(account);
    }

    protected override Task<IRecordStore> ReopenAsync() => OpenAsync();

    protected override Task<IReadOnlyList<string>> ReadRecordsAsync(string listId) =>
        ReadAsync(AzureNames.RecordsContainer, listId, RecordParts.Suffix);

    protected override Task<IReadOnlyList<string>> ReadFailuresAsync(string listId) =>
        ReadAsync(AzureNames.FailuresContainer, listId, ".json");

    protected override async Task<string> ReadManifestAsync(string listId) =>
        (
            await _blobs.GetBlobContainerClient(
                AzureNames.ManifestsContainer).GetBlobClient($"{listId}.json").DownloadContentAsync(Token))
                    .Value.Content.ToString();

    private async Task<IReadOnlyList<string>> ReadAsync(string container, string listId, string suffix)
    {
        var (client, texts) = (_blobs.GetBlobContainerClient(container), new List<string>());
        await foreach (var blob in client.GetBlobsAsync(new() { Prefix = $"{listId}/" }, Token))
        {
            // A submission's file lies beside the folder of its parts.
            var isFile = container == AzureNames.RecordsContainer && blob.Name.Count(c => c == '/') == 1;
            if (!blob.Name.EndsWith(suffix, StringComparison.Ordinal) || isFile)
                continue;
            Stream content = (
                await client.GetBlobClient(blob.Name).DownloadContentAsync(Token)).Value.Content.ToStream();
            if (suffix.EndsWith(".gz", StringComparison.Ordinal))
                content = new GZipStream(content, CompressionMode.Decompress);
            var text = Encoding.UTF8.GetString(await Some.ReadAllAsync(content));
            texts.AddRange(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        return texts;
    }
}

[SuiteFor(typeof(QueueAnnouncer))]
[Trait("Needs", "servers")]
public sealed class QueueAnnouncerSuite(Servers servers) : RecordAnnouncerContract
{
    private AzuriteAccount? _azurite;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async Task<IRecordAnnouncer> OpenAsync() =>
        new QueueAnnouncer((_azurite ??= await servers.AzureAsync()).Open(), new());

    protected override Task<IRecordAnnouncer> ReopenAsync() => OpenAsync();

    protected override Task<IReadOnlyList<string>> ReadAsync(DocumentKind kind) =>
        kind == DocumentKind.Failure ? ReadAsync(AzureNames.FailuresQueue) : ReadAsync(AzureNames.ManifestsQueue);

    protected override Task<IReadOnlyList<string>> ReadRecordsAsync() => ReadAsync(AzureNames.RecordsQueue);

    private async Task<IReadOnlyList<string>> ReadAsync(string name)
    {
        var queue = _azurite!.Open().Queues.GetQueueClient(name);
        if (!await queue.ExistsAsync(Token))
            return [];
        return [.. (await queue.PeekMessagesAsync(32, Token)).Value.Select(message => message.MessageText)];
    }
}
