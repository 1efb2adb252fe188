using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>The store of a cloud against a server, directly and through a proxy that corrupts responses.</summary>
public abstract class ObjectStoreSuite : IDisposable
{
    private readonly List<IDisposable> _stores = [];

    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The checksum that the store compares.</summary>
    private protected abstract string Checksum { get; }

    /// <summary>What the version of an object looks like.</summary>
    private protected abstract string VersionPattern { get; }

    public void Dispose()
    {
        _stores.ForEach(store => store.Dispose());
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task WhatIsWrittenIsReadBack()
    {
        var bucket = await CreateBucketAsync();
        var store = Open(await AddressAsync());
        foreach (var size in new[] { 0, 1, 70_000 })
            foreach (var isSeekable in new[] { true, false })
            {
                var uri = bucket.Append($"a b/ü+%{size}.json");
                var bytes = Some.Bytes(size);
                await store.WriteAsync(uri, isSeekable ? new MemoryStream(bytes) : new Some.ForwardOnly(bytes), Ct);
                await using var read = (await store.OpenAsync(uri, Ct))!;
                Assert.Equal(size, read.Bytes);
                Assert.Matches(VersionPattern, read.ETag);
                Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
            }
    }

    [Fact]
    public async Task AMissingObjectIsNull()
    {
        var bucket = await CreateBucketAsync();
        Assert.Null(await Open(await AddressAsync()).OpenAsync(bucket.Append("none"), Ct));
    }

    [Fact]
    public async Task EverythingUnderAPrefixIsListed()
    {
        var bucket = await CreateBucketAsync();
        var store = Open(await AddressAsync());
        await store.WriteAsync(bucket.Append("q/other"), new MemoryStream([1]), Ct);
        for (var i = 0; i < 5; i++)
            await store.WriteAsync(bucket.Append($"p/{i} +ü"), new MemoryStream(new byte[i]), Ct);
        var found = await store.ListAsync(bucket.Append("p/"), Ct).ToListAsync(Ct);
        Assert.Equal(
            Enumerable.Range(0, 5).Select(i => new ObjectInfo(bucket.Append($"p/{i} +ü"), i)),
            found.OrderBy(o => o.Uri.Key, StringComparer.Ordinal));
        Assert.Empty(await store.ListAsync(bucket.Append("r/"), Ct).ToListAsync(Ct));
    }

    [Fact]
    public async Task ACutConnectionIsResumedOnTheSameVersion()
    {
        var (uri, bytes) = await CreateObjectAsync(300_000);
        await using var proxy = await ProxyAsync(new Fault { CutAt = 100_000 }, new Fault { CutAt = 50_000 });
        await using var read = (await Open(proxy.Address).OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(
            ["", "bytes=100000-", "bytes=150000-"], proxy.Seen.Select(r => r.Headers.GetValueOrDefault("Range", "")));
        Assert.All(proxy.Seen.Skip(1), request => AssertPinned(request, read.ETag!));
    }

    [Fact]
    public async Task AStalledConnectionIsReplaced()
    {
        var (uri, bytes) = await CreateObjectAsync(200_000);
        await using var proxy = await ProxyAsync(new Fault { StallAt = 64_000 });
        var store = Open(proxy.Address, o => o with { StallTimeout = TimeSpan.FromSeconds(3) });
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(2, proxy.Seen.Count);
    }

    [Fact]
    public async Task ResumingHasItsLimit()
    {
        var (uri, _) = await CreateObjectAsync(100_000);
        await using var proxy = await ProxyAsync([.. Enumerable.Repeat(new Fault { CutAt = 1000 }, 10)]);
        await using var read = (await Open(proxy.Address, o => o with { MaxResumes = 3 }).OpenAsync(uri, Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        Assert.Equal(4, proxy.Seen.Count);
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task ACorruptByteIsDetected()
    {
        var (uri, _) = await CreateObjectAsync(100_000);
        await using var proxy = await ProxyAsync(new Fault { CorruptAt = 77 });
        await AssertDamagedAsync(proxy, uri, $"does not have the {Checksum} ");
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task AnEarlyEndWithoutALengthIsDetected()
    {
        var (uri, _) = await CreateObjectAsync(100_000);
        await using var proxy = await ProxyAsync(new Fault { DropLength = true, EndAt = 5000 });
        await AssertDamagedAsync(proxy, uri, $"does not have the {Checksum} ");
    }

    [Fact]
    public async Task ABusyOrBrokenStoreIsRetried()
    {
        var (uri, bytes) = await CreateObjectAsync(1000);
        await using var proxy = await ProxyAsync(
            new Fault { Status = 503, Headers = new Dictionary<string, string> { ["Retry-After"] = "0" } },
            new Fault { Reset = true },
            new Fault { Status = 429 },
            new Fault { Status = 500 });
        await using var read = (await Open(proxy.Address).OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(5, proxy.Seen.Count);
    }

    private protected abstract Task<Uri> AddressAsync();

    private protected abstract Task<ObjectUri> CreateBucketAsync();

    private protected abstract ObjectStoreOptions Options(Uri address);

    private protected abstract IObjectStore Create(ObjectStoreOptions options);

    /// <summary>Asserts that a request that resumes a read can only get the same version of the object.</summary>
    private protected abstract void AssertPinned(SeenRequest request, string version);

    /// <summary>Opens a store, which is disposed at the end of the test.</summary>
    private protected IObjectStore Open(Uri address, Func<ObjectStoreOptions, ObjectStoreOptions>? change = null)
    {
        var options = Options(address) with { FirstDelay = TimeSpan.FromMilliseconds(20) };
        var store = Create(change?.Invoke(options) ?? options);
        _stores.Add((IDisposable)store);
        return store;
    }

    private protected async Task<FaultProxy> ProxyAsync(params Fault[] faults) =>
        await FaultProxy.StartAsync(await AddressAsync(), faults);

    private protected async Task<(ObjectUri Uri, byte[] Bytes)> CreateObjectAsync(int size)
    {
        var uri = (await CreateBucketAsync()).Append("p/x.json.gz");
        var bytes = Some.Bytes(size);
        await Open(await AddressAsync()).WriteAsync(uri, new MemoryStream(bytes), Ct);
        return (uri, bytes);
    }

    private protected async Task AssertDamagedAsync(FaultProxy proxy, ObjectUri uri, string message)
    {
        await using var read = (await Open(proxy.Address).OpenAsync(uri, Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
