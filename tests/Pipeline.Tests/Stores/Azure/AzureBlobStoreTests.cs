using Azure.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Azure blobs against Azurite, directly and through a proxy that corrupts responses.</summary>
[Trait("Needs", "servers")]
public sealed class AzureBlobStoreTests(Servers servers)
{
    private static readonly ObjectUri Blob = new("azblob", "container", "a b/ü+%.json");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AMissingContainerIsNamedInTheError()
    {
        using var store = Store((await servers.AzureAsync()).Open());
        var uri = ObjectUri.Parse("azblob://no-such-container/x");
        foreach (var attempt in new Func<Task>[]
        {
            () =>
                store.OpenAsync(uri, Ct), () =>
                    store.WriteAsync(uri, new MemoryStream([1]), Ct), async () =>
                        await store.ListAsync(uri, Ct).CountAsync(Ct),
        })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
            Assert.Equal(
                "The container 'no-such-container' of azblob://no-such-container/x does not exist. Create "
                    + "it, or correct the address.",
                error.Message);
        }
    }

    [Fact]
    public async Task AWrongKeyIsRefusedWithoutShowingTheKey()
    {
        var azurite = await servers.AzureAsync();
        await NewBlobAsync(azurite, 10);
        using var store = Store(
            azurite.Open(
                change: o =>
                    o with
                    {
                        ConnectionString = o.ConnectionString!.Replace(
                            AzuriteAccount.Key, "d3Jvbmc=", StringComparison.Ordinal),
                    }));
        foreach (var attempt in new Func<Task>[]
        {
            () =>
                store.OpenAsync(Blob, Ct), () =>
                    store.WriteAsync(Blob, new MemoryStream([1]), Ct), async () =>
                        await store.ListAsync(Blob, Ct).CountAsync(Ct),
        })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
            Assert.Contains(Blob.ToString(), error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("sig=", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("d3Jvbmc=", error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ACutConnectionIsResumedWhereItBroke()
    {
        var (read, bytes, proxy) = await OpenThroughAsync(new Fault { CutAt = 100_000 }, new Fault { CutAt = 50_000 });
        await using (proxy)
        await using (read)
        {
            Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
            Assert.Equal(
                ["", "bytes=100000-", "bytes=150000-"],
                proxy.Seen.Select(r => r.Headers.GetValueOrDefault("Range", "")));
            Assert.All(proxy.Seen.Skip(1), r => Assert.Equal($"\"{read.ETag}\"", r.Headers["If-Match"]));
        }
    }

    [Fact]
    public async Task AStalledConnectionIsReplaced()
    {
        var (read, bytes, proxy) = await OpenThroughAsync(new Fault { StallAt = 64_000 });
        await using (proxy)
        await using (read)
        {
            Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
            Assert.Equal(2, proxy.Seen.Count);
        }
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(9_000_000)]
    public async Task ACorruptByteIsDetectedInBlobsOfOneAndOfSeveralParts(int size)
    {
        var azurite = await servers.AzureAsync();
        await NewBlobAsync(azurite, size);
        await using var proxy = await FaultProxy.StartAsync(azurite.Blobs, new Fault { CorruptAt = 77 });
        using var store = Store(azurite.Open(blobs: proxy.Address));
        await using var read = (await store.OpenAsync(Blob, Ct))!;
        await AssertDamagedAsync(read, "does not have the MD5 ");
    }

    [Fact]
    public async Task ABlobReplacedDuringTheReadIsDamagedAndNotAMixture()
    {
        var azurite = await servers.AzureAsync();
        await NewBlobAsync(azurite, 300_000);
        await using var proxy = await FaultProxy.StartAsync(
            azurite.Blobs, new Fault { CutAt = 40_000 },
            new Fault { Before = () => NewBlobAsync(azurite, 300_000, seed: 9) });
        using var store = Store(azurite.Open(blobs: proxy.Address));
        await using var read = (await store.OpenAsync(Blob, Ct))!;
        await AssertDamagedAsync(read, "asked to continue at byte 40000, the store answered 412");
    }

    [Fact]
    public async Task ABusyAccountIsRetriedAFewTimes()
    {
        var (read, bytes, proxy) = await OpenThroughAsync(
            new() { Status = 503 }, new() { Reset = true }, new() { Status = 500 });
        await using (proxy)
        await using (read)
            Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));

        var azurite = await servers.AzureAsync();
        await using var busy = await FaultProxy.StartAsync(
            azurite.Blobs,
            new Fault { Status = 503, Headers = new Dictionary<string, string> { ["Retry-After"] = "77" } });
        using var store = Store(azurite.Open(blobs: busy.Address));
        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(Blob, Ct));
        Assert.Equal(
            (FailureReasons.Unavailable, false, TimeSpan.FromSeconds(77)),
            (error.Reason, error.IsPermanent, error.RetryAfter));
    }

    [Fact]
    public async Task AnIdentitySignsInWithATokenAndWithoutASignatureInTheAddress()
    {
        using var store = Store(new AzureAccount(new() { AccountName = "acct" }, new FixedCredential()));

        using var request = await store.CreateRequestAsync(Blob, 5, new("\"etag\""), Ct);

        Assert.Equal(
            "https://acct.blob.core.windows.net/container/a%20b/%C3%BC%2B%25.json", request.RequestUri!.AbsoluteUri);
        Assert.Equal("Bearer token-for-https://storage.azure.com/.default", request.Headers.Authorization!.ToString());
        Assert.Equal(["\"etag\""], request.Headers.GetValues("If-Match"));
        Assert.Equal("bytes=5-", request.Headers.Range!.ToString());
    }

    private static AzureBlobStore Store(AzureAccount account) =>
        new(account, TimeProvider.System, NullLogger<AzureBlobStore>.Instance);

    private static async Task<byte[]> NewBlobAsync(AzuriteAccount azurite, int size, int seed = 1)
    {
        var account = azurite.Open();
        await account.Blobs.GetBlobContainerClient(Blob.Bucket).CreateIfNotExistsAsync(cancellationToken: Ct);
        using var store = Store(account);
        var bytes = Some.Bytes(size, seed);
        await store.WriteAsync(Blob, new MemoryStream(bytes), Ct);
        return bytes;
    }

    private static async Task AssertDamagedAsync(ObjectRead read, string message)
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private async Task<(ObjectRead Read, byte[] Bytes, FaultProxy Proxy)> OpenThroughAsync(params Fault[] faults)
    {
        var azurite = await servers.AzureAsync();
        var bytes = await NewBlobAsync(azurite, 300_000);
        var proxy = await FaultProxy.StartAsync(azurite.Blobs, faults);
        var store = Store(
            azurite.Open(blobs: proxy.Address, change: o => o with { StallTimeout = TimeSpan.FromSeconds(3) }));
        return ((await store.OpenAsync(Blob, Ct))!, bytes, proxy);
    }

    private sealed class FixedCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new("token-for-" + string.Join(' ', requestContext.Scopes), DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(
            TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
