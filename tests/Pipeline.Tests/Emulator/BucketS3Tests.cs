using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Pipeline.Emulator.Buckets;

namespace Pipeline.Tests.Emulator;

/// <summary>The S3 API of the buckets, tested with Amazon's own client.</summary>
public sealed class BucketS3Tests : IAsyncLifetime
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
    [InlineData("CRC32")]
    [InlineData("CRC32C")]
    [InlineData("CRC64NVME")]
    [InlineData("SHA1")]
    [InlineData("SHA256")]
    public async Task EveryChecksumOfTheClientIsVerifiedAndReturned(string algorithm)
    {
        var request = Put("sum", Bytes(100_000), r => r.ChecksumAlgorithm = ChecksumAlgorithm.FindValue(algorithm));
        await _s3.PutObjectAsync(request, Ct);
        using var got = await _s3.GetObjectAsync(
            new GetObjectRequest { BucketName = "results", Key = "sum", ChecksumMode = ChecksumMode.ENABLED }, Ct);
        Assert.Equal(100_000, (await ReadAsync(got)).Length);
        Assert.Single(
            new[]
            {
                got.ChecksumCRC32,
                got.ChecksumCRC32C,
                got.ChecksumCRC64NVME,
                got.ChecksumSHA1,
                got.ChecksumSHA256,
            },
            c => c is not null);
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
    public async Task AnAlteredBodyIsRefusedAndLeavesNothing()
    {
        var md5 = Convert.ToBase64String(CryptographicOperations.HashData(HashAlgorithmName.MD5, "other"u8));
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => _s3.PutObjectAsync(Put("bad", Bytes(10), r => r.MD5Digest = md5), Ct));
        Assert.Equal(("BadDigest", HttpStatusCode.BadRequest), (error.ErrorCode, error.StatusCode));

        error = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => _s3.PutObjectAsync(Put("bad", Bytes(10), r => r.ChecksumCRC32 = "AAAAAA=="), Ct));
        Assert.Equal("BadDigest", error.ErrorCode);
        Assert.Null(_host.Store.Find("results", "bad"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_host.Folder, "objects"), "*", SearchOption.AllDirectories));
    }

    [Fact(Timeout = 30_000)]
    public async Task APutThatIsCutLeavesNothing()
    {
        var stop = TestContext.Current.CancellationToken;
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(_host.Url.Host, _host.Url.Port, stop);
            await socket.GetStream().WriteAsync(
                "PUT /s3/results/cut HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"u8.ToArray(), stop);
            await socket.GetStream().WriteAsync(new byte[ObjectUpload.FileBytes], stop);
            while (Files().Length == 0)
                await Task.Delay(10, stop);
        }

        while (Files().Length > 0)
            await Task.Delay(10, stop);
        Assert.Null(_host.Store.Find("results", "cut"));

        string[] Files() => Directory.GetFiles(Path.Combine(_host.Folder, "objects"), "*", SearchOption.AllDirectories);
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
    public async Task AListingHasAllPagesInOrder()
    {
        foreach (var key in (string[])["a/1", "a/2", "b&<c>/1", "b&<c>/2", "é/1", "z", "😀"])
            await _s3.PutObjectAsync(Put(key, Bytes(3)), Ct);

        Assert.Equal(["a/1", "a/2", "b&<c>/1", "b&<c>/2", "z", "é/1", "😀"], await KeysAsync(new() { MaxKeys = 2 }));
        Assert.Equal(["a/1", "a/2"], await KeysAsync(new() { Prefix = "a/" }));
        Assert.Equal(
            ["b&<c>/1", "b&<c>/2", "z", "é/1", "😀"], await KeysAsync(new() { StartAfter = "a/2", MaxKeys = 1 }));
        var grouped = await _s3.ListObjectsV2Async(new() { BucketName = "results", Delimiter = "/" }, Ct);
        Assert.Equal(["a/", "b&<c>/", "é/"], grouped.CommonPrefixes);
        Assert.Equal(["z", "😀"], grouped.S3Objects.Select(o => o.Key));
        var first = await _s3.ListObjectsV2Async(new() { BucketName = "results", Delimiter = "/", MaxKeys = 2 }, Ct);
        var second = await _s3.ListObjectsV2Async(
            new()
            {
                BucketName = "results",
                Delimiter = "/",
                MaxKeys = 2,
                ContinuationToken = first.NextContinuationToken,
            },
            Ct);
        Assert.Equal(["a/", "b&<c>/"], first.CommonPrefixes);
        Assert.Equal(["é/"], second.CommonPrefixes);
        Assert.Equal(["z"], second.S3Objects.Select(o => o.Key));
        Assert.Null((await _s3.ListObjectsV2Async(new() { BucketName = "results", Prefix = "none" }, Ct)).S3Objects);
    }

    [Fact]
    public async Task UrlEncodingCarriesKeysThatXmlCannot()
    {
        await _host.Store.EnsureBucketAsync("odd");
        await _s3.PutObjectAsync(new() { BucketName = "odd", Key = "bell\u0001 +é/x", ContentBody = "x" }, Ct);
        using var http = new HttpClient();
        var xml = await http.GetStringAsync(new Uri(_host.Url, "s3/odd?list-type=2&encoding-type=url"), Ct);
        Assert.Contains("<Key>bell%01+%2B%C3%A9/x</Key>", xml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyObjectsAreDeletedAtOnce()
    {
        foreach (var key in (string[])["a", "b&", "c"])
            await _s3.PutObjectAsync(Put(key, Bytes(1)), Ct);
        var answer = await _s3.DeleteObjectsAsync(
            new()
            {
                BucketName = "results",
                Objects = [new() { Key = "a" }, new() { Key = "b&" }, new() { Key = "none" }],
            },
            Ct);
        Assert.Equal(["a", "b&", "none"], answer.DeletedObjects.Select(o => o.Key));
        Assert.Equal(["c"], await KeysAsync(new()));
    }

    [Fact]
    public async Task ABucketMustBeCreatedAndHasALocation()
    {
        await _s3.PutBucketAsync("fresh-bucket", Ct);
        Assert.Equal(["fresh-bucket", "results"], (await _s3.ListBucketsAsync(Ct)).Buckets.Select(b => b.BucketName));
        Assert.NotNull(await _s3.GetBucketLocationAsync("fresh-bucket", Ct));
        Assert.NotNull(await _s3.HeadBucketAsync(new() { BucketName = "fresh-bucket" }, Ct));
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => _s3.PutObjectAsync(new() { BucketName = "no-such", Key = "k", ContentBody = "x" }, Ct));
        Assert.Equal("NoSuchBucket", error.ErrorCode);
        error = await Assert.ThrowsAsync<AmazonS3Exception>(() => _s3.PutBucketAsync("Bad_Name", Ct));
        Assert.Equal("InvalidBucketName", error.ErrorCode);
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

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFF")]
    [InlineData("8000000000000000")]
    [InlineData("7FFFFFFFFFFFFFFF")]
    [InlineData("10000000000000000")]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("x")]
    public async Task AnInvalidChunkSizeIsRefused(string size)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_host.Url, "s3/results/chunked.bin"))
        {
            Content = new StringContent($"{size};chunk-signature=0\r\nabc\r\n0\r\n\r\n"),
        };
        request.Headers.Add("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
        request.Headers.TryAddWithoutValidation(
            "Authorization", "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request");

        using var answer = await http.SendAsync(request, Ct);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("IncompleteBody", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnInvalidHttpChunkSizeIsRefused()
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(_host.Url.Host, _host.Url.Port, Ct);
        await using var stream = client.GetStream();
        byte[] request =
        [
            .. "PUT /s3/results/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"u8,
            .. "FFFFFFFFFFFFFFFF\r\nabc\r\n"u8,
        ];
        await stream.WriteAsync(request, Ct);
        using var reader = new StreamReader(stream);

        Assert.StartsWith("HTTP/1.1 400 ", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
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
