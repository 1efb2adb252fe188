using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Gcs;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>GCS against the storage emulator of firebase-tools.</summary>
[Trait("Needs", "servers")]
public sealed class GcsObjectStoreTests(Servers servers) : ObjectStoreSuite
{
    private readonly ObjectUri _bucket = new("gs", "b" + Guid.NewGuid().ToString("n"), "");

    private protected override string Checksum => "CRC-32C";

    private protected override string VersionPattern => "^[0-9]+$";

    [Fact]
    public async Task TheEmulatorsAddressNeedsNoScheme()
    {
        var address = await AddressAsync();
        var store = Open(address, o => o with { GcsEndpoint = address.Authority });
        Assert.Null(await store.OpenAsync(_bucket.Append("none"), Ct));
    }

    /// <summary>
    /// GCS decompresses objects stored with <c>Content-Encoding: gzip</c> unless the client accepts gzip.
    /// </summary>
    [Fact]
    public async Task ACompressedObjectIsReadAsStored()
    {
        var address = await AddressAsync();
        var text = string.Concat(Enumerable.Repeat("""{"html":"page"}""", 1000));
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        await UploadWithEncodingAsync(address, _bucket, "x.json.gz", packed.ToArray());

        var store = Open(await AddressAsync());
        await using var read = (await store.OpenAsync(_bucket.Append("x.json.gz"), Ct))!;
        Assert.Equal(packed.ToArray(), await Some.ReadAllAsync(read.Body));
    }

    [Fact]
    public async Task ADeletedGenerationIsReportedAsDamage()
    {
        var (uri, _) = await CreateObjectAsync(100_000);
        await using var proxy = await ProxyAsync(
            new Fault { CutAt = 40_000 }, new Fault { Status = 404 });
        await AssertDamagedAsync(proxy, uri, "asked to continue at byte 40000, the store answered 404");
    }

    [Fact]
    public async Task AnIgnoredRangeIsReportedAsDamage()
    {
        var (uri, _) = await CreateObjectAsync(100_000);
        await using var proxy = await ProxyAsync(
            new Fault { CutAt = 40_000 }, new Fault { Status = 200 });
        await AssertDamagedAsync(proxy, uri, "asked to continue at byte 40000, the store answered 200");
    }

    [Fact]
    public async Task AWriteIsSentAgainFromItsStart()
    {
        await using var proxy = await ProxyAsync(
            new Fault { Status = 503 }, new Fault { Reset = true });
        var store = Open(proxy.Address);
        var bytes = Some.Bytes(100_000);
        using var content = new MemoryStream([0, 0, .. bytes]) { Position = 2 };
        await store.WriteAsync(_bucket.Append("x"), content, Ct);
        await using var read = (await store.OpenAsync(_bucket.Append("x"), Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
    }

    private protected override Task<Uri> AddressAsync() => servers.GcsAsync();

    private protected override Task<ObjectUri> CreateBucketAsync() => Task.FromResult(_bucket);

    private protected override ObjectStoreOptions Options(Uri address) => new() { GcsEndpoint = address.AbsoluteUri };

    private protected override IObjectStore Create(ObjectStoreOptions options) =>
        new GcsObjectStore(options, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);

    private protected override void AssertPinned(SeenRequest request, string version)
    {
        Assert.EndsWith($"?alt=media&generation={version}", request.PathAndQuery, StringComparison.Ordinal);
        Assert.Equal("gzip", request.Headers["Accept-Encoding"]);
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
}
