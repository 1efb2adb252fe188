using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Gcs;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>
/// GCS against the storage emulator of firebase-tools, directly and through a proxy that corrupts responses.
/// </summary>
[Trait("Needs", "servers")]
public sealed class GcsObjectStoreTests(Servers servers)
{
    private readonly ObjectUri _bucket = new("gs", "b" + Guid.NewGuid().ToString("n"), "");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsWrittenIsReadBack()
    {
        using var store = Store(await servers.GcsAsync());
        foreach (var size in new[] { 0, 1, 70_000 })
        {
            var uri = _bucket.Append($"a b/ü+%{size}.json");
            var bytes = Some.Bytes(size);
            await store.WriteAsync(uri, new Some.ForwardOnly(bytes), Ct);
            await using var read = (await store.OpenAsync(uri, Ct))!;
            Assert.Equal(size, read.Bytes);
            Assert.Matches("^[0-9]+$", read.ETag);
            Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        }
    }

    [Fact]
    public async Task AMissingObjectIsNull()
    {
        using var store = Store(await servers.GcsAsync());
        Assert.Null(await store.OpenAsync(_bucket.Append("none"), Ct));
    }

    [Fact]
    public async Task TheEmulatorsAddressNeedsNoScheme()
    {
        var address = await servers.GcsAsync();
        using var store = new GcsObjectStore(
            new() { GcsEndpoint = address.Authority }, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
        Assert.Null(await store.OpenAsync(_bucket.Append("none"), Ct));
    }

    [Fact]
    public async Task EverythingUnderAPrefixIsListed()
    {
        using var store = Store(await servers.GcsAsync());
        await store.WriteAsync(_bucket.Append("q/other"), new MemoryStream([1]), Ct);
        for (var i = 0; i < 5; i++)
            await store.WriteAsync(_bucket.Append($"p/{i} +ü"), new MemoryStream(new byte[i]), Ct);
        var found = await store.ListAsync(_bucket.Append("p/"), Ct).ToListAsync(Ct);
        Assert.Equal(
            Enumerable.Range(0, 5).Select(i => new ObjectInfo(_bucket.Append($"p/{i} +ü"), i)),
            found.OrderBy(o => o.Uri.Key, StringComparer.Ordinal));
        Assert.Empty(await store.ListAsync(_bucket.Append("r/"), Ct).ToListAsync(Ct));
    }

    /// <summary>
    /// GCS decompresses objects stored with <c>Content-Encoding: gzip</c> unless the client accepts gzip.
    /// </summary>
    [Fact]
    public async Task ACompressedObjectIsReadAsStored()
    {
        var address = await servers.GcsAsync();
        var text = string.Concat(Enumerable.Repeat("""{"html":"page"}""", 1000));
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        await UploadWithEncodingAsync(address, _bucket, "x.json.gz", packed.ToArray());

        using var store = Store(address);
        await using var read = (await store.OpenAsync(_bucket.Append("x.json.gz"), Ct))!;
        Assert.Equal(packed.ToArray(), await Some.ReadAllAsync(read.Body));
    }

    [Fact]
    public async Task ACutConnectionIsResumedOnTheSameGeneration()
    {
        var (uri, bytes) = await NewObjectAsync(300_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.GcsAsync(), new Fault { CutAt = 100_000 }, new Fault { CutAt = 50_000 });
        using var store = Store(proxy.Address);
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(
            ["", "bytes=100000-", "bytes=150000-"], proxy.Seen.Select(r => r.Headers.GetValueOrDefault("Range", "")));
        Assert.All(
            proxy.Seen.Skip(1),
            r => Assert.EndsWith($"?alt=media&generation={read.ETag}", r.PathAndQuery, StringComparison.Ordinal));
        Assert.All(proxy.Seen, r => Assert.Equal("gzip", r.Headers["Accept-Encoding"]));
    }

    [Fact]
    public async Task AStalledConnectionIsReplaced()
    {
        var (uri, bytes) = await NewObjectAsync(200_000);
        await using var proxy = await FaultProxy.StartAsync(await servers.GcsAsync(), new Fault { StallAt = 64_000 });
        using var store = Store(proxy.Address, o => o with { StallTimeout = TimeSpan.FromSeconds(1) });
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(2, proxy.Seen.Count);
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task ACorruptByteIsDetected()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(await servers.GcsAsync(), new Fault { CorruptAt = 77 });
        await AssertDamagedAsync(proxy, uri, "does not have the CRC-32C ");
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task AnEarlyEndWithoutALengthIsDetected()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.GcsAsync(), new Fault { DropLength = true, EndAt = 5000 });
        await AssertDamagedAsync(proxy, uri, "does not have the CRC-32C ");
    }

    [Fact]
    public async Task ADeletedGenerationIsReportedAsDamage()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.GcsAsync(), new Fault { CutAt = 40_000 }, new Fault { Status = 404 });
        await AssertDamagedAsync(proxy, uri, "asked to go on at byte 40000, the store answered 404");
    }

    [Fact]
    public async Task AnIgnoredRangeIsReportedAsDamage()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.GcsAsync(), new Fault { CutAt = 40_000 }, new Fault { Status = 200 });
        await AssertDamagedAsync(proxy, uri, "asked to go on at byte 40000, the store answered 200");
    }

    [Fact]
    public async Task ABusyOrBrokenStoreIsRetried()
    {
        var (uri, bytes) = await NewObjectAsync(1000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.GcsAsync(), new Fault { Status = 503 }, new Fault { Reset = true },
            new Fault { Status = 429 }, new Fault { Status = 500 });
        using var store = Store(proxy.Address);
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(5, proxy.Seen.Count);
    }

    [Fact]
    public async Task AWriteIsSentAgainFromItsStart()
    {
        await using var proxy = await FaultProxy.StartAsync(
            await servers.GcsAsync(), new Fault { Status = 503 }, new Fault { Reset = true });
        using var store = Store(proxy.Address);
        var bytes = Some.Bytes(100_000);
        using var content = new MemoryStream([0, 0, .. bytes]) { Position = 2 };
        await store.WriteAsync(_bucket.Append("x"), content, Ct);
        await using var read = (await store.OpenAsync(_bucket.Append("x"), Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
    }

    private static async Task AssertDamagedAsync(FaultProxy proxy, ObjectUri uri, string message)
    {
        using var store = Store(proxy.Address);
        await using var read = (await store.OpenAsync(uri, Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static async Task UploadWithEncodingAsync(Uri address, ObjectUri bucket, string name, byte[] bytes)
    {
        using var http = new HttpClient();
        using var metadata = new StringContent(
            $$"""{"name":"{{name}}","contentEncoding":"gzip","contentType":"application/json"}""", Encoding.UTF8,
            "application/json");
        using var media = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } };
        using var body = new MultipartContent("related") { metadata, media };
        using var response = await http.PostAsync(
            new Uri(address, $"upload/storage/v1/b/{bucket.Bucket}/o?uploadType=multipart&name={name}"), body, Ct);
        response.EnsureSuccessStatusCode();
    }

    private static GcsObjectStore Store(Uri address, Func<ObjectStoreOptions, ObjectStoreOptions>? change = null)
    {
        var options = new ObjectStoreOptions
        {
            GcsEndpoint = address.AbsoluteUri,
            FirstDelay = TimeSpan.FromMilliseconds(20),
        };
        return new(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
    }

    private async Task<(ObjectUri Uri, byte[] Bytes)> NewObjectAsync(int size)
    {
        using var store = Store(await servers.GcsAsync());
        var bytes = Some.Bytes(size);
        await store.WriteAsync(_bucket.Append("p/x.json.gz"), new MemoryStream(bytes), Ct);
        return (_bucket.Append("p/x.json.gz"), bytes);
    }
}
