using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>S3 against OpenStack Swift.</summary>
[Trait("Needs", "servers")]
public sealed class S3ObjectStoreTests(Servers servers) : ObjectStoreSuite
{
    private protected override string Checksum => "MD5";

    private protected override string VersionPattern => "^[0-9a-f]{32}$";

    [Fact]
    public async Task AMissingBucketIsNamed()
    {
        var store = Open(await AddressAsync());
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
        var bucket = await CreateBucketAsync();
        var store = Open(await AddressAsync(), o => o with { S3AccessKey = key, S3SecretKey = secret });
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
    [Trait("Promise", "4")]
    public async Task AnObjectReplacedDuringTheReadIsDamagedAndNotAMixture()
    {
        var (uri, _) = await CreateObjectAsync(100_000);
        var owner = Open(await AddressAsync());
        await using var proxy = await ProxyAsync(
            new Fault { CutAt = 40_000 },
            new Fault { Before = () => owner.WriteAsync(uri, new MemoryStream(Some.Bytes(100_000, seed: 9)), Ct) });
        await AssertDamagedAsync(proxy, uri, "asked to continue at byte 40000, the store answered 412");
    }

    [Fact]
    public async Task WritingAndListingSurviveFaultsToo()
    {
        var bucket = await CreateBucketAsync();
        await using var proxy = await ProxyAsync(
            new Fault { Status = 503 }, new Fault(), new Fault { Reset = true });
        var store = Open(proxy.Address);
        await store.WriteAsync(bucket.Append("x"), new MemoryStream(Some.Bytes(100)), Ct);
        Assert.Equal(100, (await store.ListAsync(bucket, Ct).SingleAsync(Ct)).Bytes);
    }

    private protected override Task<Uri> AddressAsync() => servers.SwiftAsync();

    private protected override async Task<ObjectUri> CreateBucketAsync()
    {
        var name = "b" + Guid.NewGuid().ToString("n");
        using var client = new AmazonS3Client(
            "test:tester", "testing",
            new AmazonS3Config
            {
                ServiceURL = (await AddressAsync()).AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });
        await client.PutBucketAsync(name, Ct);
        return new ObjectUri("s3", name, "");
    }

    private protected override ObjectStoreOptions Options(Uri address) =>
        new() { S3Endpoint = address, S3AccessKey = "test:tester", S3SecretKey = "testing" };

    private protected override IObjectStore Create(ObjectStoreOptions options) =>
        new S3ObjectStore(options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);

    private protected override void AssertPinned(SeenRequest request, string version) =>
        Assert.Equal($"\"{version}\"", request.Headers["If-Match"]);
}
