using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>S3 against OpenStack Swift, directly and through a proxy that corrupts responses.</summary>
[Trait("Needs", "servers")]
public sealed class S3ObjectStoreTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsWrittenIsReadBack()
    {
        var (address, bucket) = await NewBucketAsync();
        using var store = Store(address);
        foreach (var size in new[] { 0, 1, 70_000 })
        {
            var uri = bucket.Append($"a b/ü+%{size}.json");
            var bytes = Some.Bytes(size);
            await store.WriteAsync(uri, new MemoryStream(bytes), Ct);
            await using var read = (await store.OpenAsync(uri, Ct))!;
            Assert.Equal(size, read.Bytes);
            Assert.Matches("^[0-9a-f]{32}$", read.ETag);
            Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        }
    }

    [Fact]
    public async Task AStreamThatCannotSeekIsWrittenCompletely()
    {
        var (address, bucket) = await NewBucketAsync();
        using var store = Store(address);
        var bytes = Some.Bytes(300_000);
        await store.WriteAsync(bucket.Append("x"), new Some.ForwardOnly(bytes), Ct);
        await using var read = (await store.OpenAsync(bucket.Append("x"), Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
    }

    [Fact]
    public async Task AMissingObjectIsNull()
    {
        var (address, bucket) = await NewBucketAsync();
        using var store = Store(address);
        Assert.Null(await store.OpenAsync(bucket.Append("none"), Ct));
    }

    [Fact]
    public async Task AMissingBucketIsNamed()
    {
        using var store = Store(await servers.SwiftAsync());
        var uri = ObjectUri.Parse("s3://no-such-bucket/x");
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
            Assert.Contains(
                "The bucket 'no-such-bucket' does not exist there.", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("test:tester", "wrong", "The credentials are not valid. Check AWS_ACCESS_KEY_ID")]
    [InlineData("nobody", "testing", "The credentials are not valid. Check AWS_ACCESS_KEY_ID")]
    [InlineData("test:reader", "reading", "Grant s3:GetObject and s3:PutObject on arn:aws:s3:::")]
    public async Task RefusedCredentialsSayWhatToDo(string key, string secret, string advice)
    {
        var (address, bucket) = await NewBucketAsync();
        using var store = Store(address, o => o with { S3AccessKey = key, S3SecretKey = secret });
        foreach (var attempt
            in new Func<Task>[]
            {
                () => store.OpenAsync(bucket.Append("x"), Ct),
                () => store.WriteAsync(bucket.Append("x"), new MemoryStream([1]), Ct),
            })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
            Assert.Contains(advice, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(
                secret, error.Message.Replace("test:", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task EverythingUnderAPrefixIsListedThroughAllPages()
    {
        var (address, bucket) = await NewBucketAsync();
        using var store = Store(address);
        Assert.Empty(await store.ListAsync(bucket.Append("p/"), Ct).ToListAsync(Ct));
        await store.WriteAsync(bucket.Append("q/other"), new MemoryStream([1]), Ct);
        for (var i = 0; i < 5; i++)
            await store.WriteAsync(bucket.Append($"p/{i} +ü"), new MemoryStream(new byte[i]), Ct);
        var found = await store.ListAsync(bucket.Append("p/"), Ct).ToListAsync(Ct);
        Assert.Equal(
            Enumerable.Range(0, 5).Select(i => new ObjectInfo(bucket.Append($"p/{i} +ü"), i)),
            found.OrderBy(o => o.Uri.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task ACutConnectionIsResumedWhereItBroke()
    {
        var (uri, bytes) = await NewObjectAsync(300_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.SwiftAsync(), new Fault { CutAt = 100_000 }, new Fault { CutAt = 50_000 });
        using var store = Store(proxy.Address);
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(
            ["", "bytes=100000-", "bytes=150000-"], proxy.Seen.Select(r => r.Headers.GetValueOrDefault("Range", "")));
        Assert.All(proxy.Seen.Skip(1), r => Assert.Equal($"\"{read.ETag}\"", r.Headers["If-Match"]));
    }

    [Fact]
    public async Task AStalledConnectionIsReplaced()
    {
        var (uri, bytes) = await NewObjectAsync(200_000);
        await using var proxy = await FaultProxy.StartAsync(await servers.SwiftAsync(), new Fault { StallAt = 64_000 });
        using var store = Store(proxy.Address, o => o with { StallTimeout = TimeSpan.FromSeconds(1) });
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(2, proxy.Seen.Count);
    }

    [Fact]
    public async Task ResumingHasItsLimit()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.SwiftAsync(), [.. Enumerable.Repeat(new Fault { CutAt = 1000 }, 10)]);
        using var store = Store(proxy.Address, o => o with { MaxResumes = 3 });
        await using var read = (await store.OpenAsync(uri, Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        Assert.Equal(4, proxy.Seen.Count);
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task AnObjectReplacedDuringTheReadIsDamagedAndNotAMixture()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        using var owner = Store(await servers.SwiftAsync());
        await using var proxy = await FaultProxy.StartAsync(
            await servers.SwiftAsync(),
            new Fault { CutAt = 40_000 },
            new Fault { Before = () => owner.WriteAsync(uri, new MemoryStream(Some.Bytes(100_000, seed: 9)), Ct) });
        await AssertDamagedAsync(proxy, uri, "asked to go on at byte 40000, the store answered 412");
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task ACorruptByteIsDetected()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(await servers.SwiftAsync(), new Fault { CorruptAt = 77 });
        await AssertDamagedAsync(proxy, uri, "does not have the MD5 ");
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task AnEarlyEndWithoutALengthIsDetected()
    {
        var (uri, _) = await NewObjectAsync(100_000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.SwiftAsync(), new Fault { DropLength = true, EndAt = 5000 });
        await AssertDamagedAsync(proxy, uri, "does not have the MD5 ");
    }

    [Fact]
    public async Task ABusyOrBrokenStoreIsRetried()
    {
        var (uri, bytes) = await NewObjectAsync(1000);
        await using var proxy = await FaultProxy.StartAsync(
            await servers.SwiftAsync(),
            new Fault { Status = 503, Headers = new Dictionary<string, string> { ["Retry-After"] = "0" } },
            new Fault { Reset = true },
            new Fault { Status = 429 },
            new Fault { Status = 500 });
        using var store = Store(proxy.Address);
        await using var read = (await store.OpenAsync(uri, Ct))!;
        Assert.Equal(bytes, await Some.ReadAllAsync(read.Body));
        Assert.Equal(5, proxy.Seen.Count);
    }

    [Fact]
    public async Task WritingAndListingSurviveFaultsToo()
    {
        var (_, bucket) = await NewBucketAsync();
        await using var proxy = await FaultProxy.StartAsync(
            await servers.SwiftAsync(), new Fault { Status = 503 }, new Fault(), new Fault { Reset = true });
        using var store = Store(proxy.Address);
        await store.WriteAsync(bucket.Append("x"), new MemoryStream(Some.Bytes(100)), Ct);
        Assert.Equal(100, (await store.ListAsync(bucket, Ct).SingleAsync(Ct)).Bytes);
    }

    private static async Task AssertDamagedAsync(FaultProxy proxy, ObjectUri uri, string message)
    {
        using var store = Store(proxy.Address);
        await using var read = (await store.OpenAsync(uri, Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static S3ObjectStore Store(Uri address, Func<ObjectStoreOptions, ObjectStoreOptions>? change = null)
    {
        var options = new ObjectStoreOptions
        {
            S3Endpoint = address,
            S3AccessKey = "test:tester",
            S3SecretKey = "testing",
            FirstDelay = TimeSpan.FromMilliseconds(20),
        };
        return new(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
    }

    private async Task<(Uri Address, ObjectUri Bucket)> NewBucketAsync()
    {
        var address = await servers.SwiftAsync();
        var name = "b" + Guid.NewGuid().ToString("n");
        using var client = new AmazonS3Client(
            "test:tester", "testing",
            new AmazonS3Config
            {
                ServiceURL = address.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });
        await client.PutBucketAsync(name, Ct);
        return (address, new ObjectUri("s3", name, ""));
    }

    private async Task<(ObjectUri Uri, byte[] Bytes)> NewObjectAsync(int size)
    {
        var (address, bucket) = await NewBucketAsync();
        using var store = Store(address);
        var bytes = Some.Bytes(size);
        await store.WriteAsync(bucket.Append("p/x.json.gz"), new MemoryStream(bytes), Ct);
        return (bucket.Append("p/x.json.gz"), bytes);
    }
}
