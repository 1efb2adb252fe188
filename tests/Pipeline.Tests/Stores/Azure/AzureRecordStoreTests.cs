using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Staging;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>
/// Azure's own part of what consumers read: messages, pointers and the file of a submission. Against Azurite.
/// </summary>
[Trait("Needs", "servers")]
[Trait("Promise", "7")]
public sealed class AzureRecordStoreTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASmallRecordIsTheMessageAndALargeOneIsPointedTo()
    {
        var azurite = await servers.AzureAsync();
        var output = Open(azurite);
        var large = StagedRecord.FromBytes(
            "large", "list", "list-000000",
            Encoding.UTF8.GetBytes($$"""{"id":"large","pad":"{{Convert.ToHexString(Some.Bytes(60_000))}}"}"""));

        await output.Publisher.PublishAsync(TextRecord.Of("small", padding: 50_000), Ct);
        await output.Publisher.PublishAsync(large, Ct);

        var messages = await MessagesAsync(azurite, AzureNames.RecordsQueue);
        Assert.Equal(2, messages.Count);
        Assert.Contains($$"""{"id":"small","list_id":"list","pad":"{{new string('x', 50_000)}}"}""", messages);
        var pointer = JsonElement.Parse(
            messages.Single(message => message.Contains("pipeline.pointer/1", StringComparison.Ordinal)));
        var stored = await ReadAsync(azurite, "list/list-000000/large.json.gz");
        Assert.Equal("large", pointer.GetProperty("id").GetString());
        Assert.Equal(stored.Length, pointer.GetProperty("bytes").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(stored)), pointer.GetProperty("sha256").GetString());
        Assert.EndsWith(
            "/records/list/list-000000/large.json.gz", pointer.GetProperty("uri").GetString(),
            StringComparison.Ordinal);
        Assert.Equal(["schema", "id", "uri", "bytes", "sha256"], pointer.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public async Task ARecordOfManyMegabytesIsStoredAndPointedTo()
    {
        var azurite = await servers.AzureAsync();
        var json = Encoding.UTF8.GetBytes(
            $$"""{"id":"huge","pad":"{{Convert.ToHexString(Some.Bytes(10_000_000))}}"}""");

        await Open(azurite).Publisher.PublishAsync(StagedRecord.FromBytes("huge", "list", "list-000000", json), Ct);
        await Open(azurite).Publisher.PublishAsync(StagedRecord.FromBytes("huge", "list", "list-000000", json), Ct);

        var stored = await ReadAsync(azurite, "list/list-000000/huge.json.gz");
        Assert.Equal(Encoding.UTF8.GetString(json) + '\n', Encoding.UTF8.GetString(Expand(stored)));
        Assert.Single((await MessagesAsync(azurite, AzureNames.RecordsQueue)).Distinct());
    }

    [Fact]
    public async Task AMessageLostInACrashIsSentByTheNextPutWithTheStoredBytes()
    {
        var azurite = await servers.AzureAsync();
        await using (
            var proxy = await FaultProxy.StartAsync(
                azurite.Queues, [.. Enumerable.Repeat(new Fault { Status = 503 }, 10)]))
        {
            var error = await Assert.ThrowsAsync<PipelineException>(
                () => Open(azurite, proxy.Address).Publisher.PublishAsync(TextRecord.Of("a"), Ct));
            Assert.False(error.IsPermanent);
        }

        await Open(azurite).Publisher.PublishAsync(TextRecord.Of("a", padding: 7), Ct);

        Assert.Equal(
            ["""{"id":"a","list_id":"list","pad":""}"""], await MessagesAsync(azurite, AzureNames.RecordsQueue));
    }

    [Fact]
    public async Task AFailureIsAnnouncedUnlessItHasARecord()
    {
        var azurite = await servers.AzureAsync();
        var output = Open(azurite);
        await output.Publisher.PublishAsync(TextRecord.Of("a"), Ct);

        await output.Publisher.PublishAsync(
            [Some.Failure("a"), Some.Failure("b"), Some.Failure("c", new string('x', 100_000))], Ct);

        var messages = (await MessagesAsync(azurite, AzureNames.FailuresQueue))
            .Select(message => JsonElement.Parse(message))
            .ToList();
        Assert.Equal(["b", "c"], messages.Select(message => message.GetProperty("id").GetString()).Order());
        Assert.Equal(
            ["pipeline.failure/1", "pipeline.pointer/1"],
            messages.Select(message => message.GetProperty("schema").GetString()).Order());
    }

    [Fact]
    public async Task AConcurrentRecordAndFailureOfOneIdEndAsARecord()
    {
        var azurite = await servers.AzureAsync();
        var output = Open(azurite);
        var ids = Enumerable.Range(0, 30).Select(i => $"{i}").ToList();

        await Task.WhenAll(
            ids.Select(id => output.Publisher.PublishAsync(TextRecord.Of(id), Ct))
                .Concat(ids.Select(id => output.Publisher.PublishAsync([Some.Failure(id)], Ct))));

        Assert.Empty(
            await Container(
                azurite, AzureNames.FailuresContainer).GetBlobsAsync(cancellationToken: Ct).ToListAsync(Ct));
        Assert.Equal(30, (await output.Store.GetLocationsAsync("list", Ct)).Sum(location => location.Records));
    }

    [Fact]
    public async Task ASubmissionsFileIsRewrittenOnlyWhenRecordsWereAdded()
    {
        var azurite = await servers.AzureAsync();
        var output = Open(azurite);
        // Small records on both sides of large ones, so that reading ahead must keep the order. Together more than a
        // block.
        var sizes = new[] { 10, 300_000, 20, 30, 4_500_000, 40 };
        foreach (var (i, size) in sizes.Index())
            await output.Publisher.PublishAsync(
                StagedRecord.FromBytes(
                    $"{i}", "list", "list-000000",
                    Encoding.UTF8.GetBytes(
                        $$"""{"id":"{{i}}","pad":"{{Convert.ToHexString(Some.Bytes(size, i))}}"}""")),
                Ct);
        await output.Publisher.PublishAsync(StagedRecord.FromBytes("x", "list", "list-000001", "{}"u8.ToArray()), Ct);

        var first = await output.Store.GetLocationsAsync("list", Ct);
        var modified = await ModifiedAsync(azurite, "list/list-000000.ndjson.gz");

        Assert.Equal([6, 1], first.Select(location => location.Records));
        var stored = await ReadAsync(azurite, "list/list-000000.ndjson.gz");
        Assert.Equal(
            (stored.Length, Convert.ToHexStringLower(SHA256.HashData(stored))), ((int)first[0].Bytes, first[0].Sha256));
        var lines = Encoding.UTF8.GetString(Expand(stored)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            ["0", "1", "2", "3", "4", "5"],
            lines.Select(line => JsonElement.Parse(line).GetProperty("id").GetString()));

        Assert.Equal(first, await output.Store.GetLocationsAsync("list", Ct));
        Assert.Equal(modified, await ModifiedAsync(azurite, "list/list-000000.ndjson.gz"));
        await output.Publisher.PublishAsync(TextRecord.Of("y"), Ct);
        Assert.Equal([7, 1], (await output.Store.GetLocationsAsync("list", Ct)).Select(location => location.Records));
    }

    [Fact]
    public async Task AManifestIsAnnouncedToo()
    {
        var azurite = await servers.AzureAsync();
        await Open(azurite).Publisher.PublishAsync(Some.Manifest(), Ct);

        Assert.Contains(
            "\"pipeline.manifest/1\"", Assert.Single(await MessagesAsync(azurite, AzureNames.ManifestsQueue)),
            StringComparison.Ordinal);
    }

    private static (AzureRecordStore Store, Publisher Publisher) Open(AzuriteAccount azurite, Uri? queues = null)
    {
        var account = azurite.Open(queues: queues);
        var blobs = new RecordBlobs(account, new(account, TimeProvider.System, NullLogger<AzureBlobStore>.Instance));
        var store = new AzureRecordStore(account, blobs);
        return (store, new(store, [new QueueAnnouncer(account)]));
    }

    private static BlobContainerClient Container(AzuriteAccount azurite, string name) =>
        azurite.Open().Blobs.GetBlobContainerClient(name);

    private static async Task<byte[]> ReadAsync(AzuriteAccount azurite, string name) =>
        (
            await Container(
                azurite,
                AzureNames.RecordsContainer).GetBlobClient(name).DownloadContentAsync(Ct)).Value.Content.ToArray();

    private static async Task<DateTimeOffset> ModifiedAsync(AzuriteAccount azurite, string name) =>
        (
            await Container(
                azurite,
                AzureNames.RecordsContainer).GetBlobClient(name).GetPropertiesAsync(cancellationToken: Ct))
                    .Value.LastModified;

    private static async Task<List<string>> MessagesAsync(AzuriteAccount azurite, string queue)
    {
        PeekedMessage[] messages = (await azurite.Open().Queues.GetQueueClient(queue).PeekMessagesAsync(32, Ct)).Value;
        return [.. messages.Select(message => message.Body.ToString())];
    }

    private static byte[] Expand(byte[] gzip)
    {
        using var expanded = new MemoryStream();
        using var stream = new GZipStream(new MemoryStream(gzip), CompressionMode.Decompress);
        stream.CopyTo(expanded);
        return expanded.ToArray();
    }
}
