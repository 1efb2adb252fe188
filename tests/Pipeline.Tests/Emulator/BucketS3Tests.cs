using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;

namespace Pipeline.Tests.Emulator;

/// <summary>The S3 API of the buckets, tested with Amazon's own client.</summary>
public sealed partial class BucketS3Tests : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private BucketHost _host = null!;
    private AmazonS3Client _s3 = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await BucketHost.StartAsync();
        _s3 = _host.S3();
    }

    public async ValueTask DisposeAsync()
    {
        _s3.Dispose();
        await _host.DisposeAsync();
    }

    public static TheoryData<string> AwkwardKeys => new(
        "a/b/c.json", "a b+c.txt", "100%/%2F", "日本語/مرحبا/😀", "a//b", "trail/", "q?x=1&y#z",
        "<&>'\"", "x/../y", "..",
        "..%2F..%2Fetc", "dot/./dot", "a\\b", "tab\there", "'()*!~");

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 30_000)]
    [InlineData(true, 3_000_000)]
    [InlineData(false, 30_000)]
    [InlineData(false, 3_000_000)]
    public async Task AnObjectIsReadBackByteForByte(bool chunked, int bytes)
    {
        var content = Bytes(bytes);
        var put = await _s3.PutObjectAsync(Put("a/object.bin", content, r => r.UseChunkEncoding = chunked), Ct);
        Assert.Equal(
            $"\"{Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, content))}\"",
            put.ETag);

        using var got = await _s3.GetObjectAsync("results", "a/object.bin", Ct);
        Assert.Equal(content, await ReadAsync(got));
        Assert.Equal(put.ETag, got.ETag);
        Assert.Equal(bytes, got.ContentLength);
    }

    [Theory]
    [MemberData(nameof(AwkwardKeys))]
    public async Task AnyKeyWorksAndNeverLeavesTheFolder(string key)
    {
        await _s3.PutObjectAsync(Put(key, Encoding.UTF8.GetBytes(key)), Ct);

        using (var got = await _s3.GetObjectAsync("results", key, Ct))
            Assert.Equal(key, Encoding.UTF8.GetString(await ReadAsync(got)));
        var listed = await _s3.ListObjectsV2Async(new() { BucketName = "results" }, Ct);
        Assert.Equal(key, Assert.Single(listed.S3Objects).Key);
        Assert.Equal("data", Assert.Single(Directory.GetParent(_host.Folder)!.GetFileSystemInfos()).Name);

        await _s3.DeleteObjectAsync("results", key, Ct);
        Assert.Null(_host.Store.Find("results", key));
    }

    [Fact]
    public async Task RangesAndConditionsWorkAsInS3()
    {
        var content = Bytes(1000);
        var etag = (await _s3.PutObjectAsync(Put("r", content), Ct)).ETag;

        using (
            var part = await _s3.GetObjectAsync(
                new GetObjectRequest
                {
                    BucketName = "results",
                    Key = "r",
                    ByteRange = new("bytes=100-199"),
                    EtagToMatch = etag,
                },
                Ct))
        {
            Assert.Equal(HttpStatusCode.PartialContent, part.HttpStatusCode);
            Assert.Equal("bytes 100-199/1000", part.ContentRange);
            Assert.Equal(content[100..200], await ReadAsync(part));
        }

        using (
            var tail = await _s3.GetObjectAsync(
                new GetObjectRequest { BucketName = "results", Key = "r", ByteRange = new("bytes=-10") }, Ct))
            Assert.Equal(content[990..], await ReadAsync(tail));
        await RefusedAsync("InvalidRange", 416, new() { ByteRange = new("bytes=1000-") });
        await RefusedAsync("PreconditionFailed", 412, new() { EtagToMatch = "\"0\"" });
        await RefusedAsync(null, 304, new() { EtagToNotMatch = etag });
    }

    [Fact]
    public async Task ASecondPutWithIfNoneMatchIsRefusedAndTheFirstStays()
    {
        await _s3.PutObjectAsync(Put("once", "first"u8.ToArray(), r => r.IfNoneMatch = "*"), Ct);
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => _s3.PutObjectAsync(Put("once", "second"u8.ToArray(), r => r.IfNoneMatch = "*"), Ct));
        Assert.Equal(HttpStatusCode.PreconditionFailed, error.StatusCode);
        using var got = await _s3.GetObjectAsync("results", "once", Ct);
        Assert.Equal("first", Encoding.UTF8.GetString(await ReadAsync(got)));
    }

    [Fact]
    public async Task TypeEncodingAndMetadataAreReturned()
    {
        await _s3.PutObjectAsync(Put("m", Bytes(5), r =>
        {
            r.ContentType = "application/json";
            r.Headers.ContentEncoding = "gzip";
            r.Metadata["task"] = "t-1";
        }), Ct);
        var head = await _s3.GetObjectMetadataAsync("results", "m", Ct);
        Assert.Equal(
            ("application/json", "gzip", "t-1", 5L),
            (head.Headers.ContentType, head.Headers.ContentEncoding, head.Metadata["task"], head.ContentLength));
    }

    [Fact]
    public async Task MissingObjectsAndDeniedKeysHaveTheErrorCodesOfS3()
    {
        await RefusedAsync("NoSuchKey", 404, new());
        var head = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => _s3.GetObjectMetadataAsync("results", "r", Ct));
        Assert.Equal(HttpStatusCode.NotFound, head.StatusCode);
        using var denied = _host.S3(accessKey: "denied");
        var error = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => denied.GetObjectAsync("results", "r", Ct));
        Assert.Equal(("AccessDenied", HttpStatusCode.Forbidden), (error.ErrorCode, error.StatusCode));
    }

    private async Task RefusedAsync(string? code, int status, GetObjectRequest request)
    {
        (request.BucketName, request.Key) = ("results", "r");
        var error = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => _s3.GetObjectAsync(request, Ct));
        Assert.Equal(status, (int)error.StatusCode);
        if (code is not null)
            Assert.Equal(code, error.ErrorCode);
    }

    private async Task<List<string>> KeysAsync(ListObjectsV2Request request)
    {
        request.BucketName = "results";
        var keys = new List<string>();
        await foreach (var item in _s3.Paginators.ListObjectsV2(request).S3Objects.WithCancellation(Ct))
            keys.Add(item.Key);
        return keys;
    }

    private static PutObjectRequest Put(string key, byte[] content, Action<PutObjectRequest>? configure = null)
    {
        var request = new PutObjectRequest
        {
            BucketName = "results",
            Key = key,
            InputStream = new MemoryStream(content),
        };
        configure?.Invoke(request);
        return request;
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadAsync(GetObjectResponse response)
    {
        using var copy = new MemoryStream();
        await response.ResponseStream.CopyToAsync(copy, Ct);
        return copy.ToArray();
    }
}
