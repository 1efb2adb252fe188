using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Pipeline.Emulator.Buckets;

namespace Pipeline.Tests.Emulator;

public sealed partial class BucketS3Tests
{
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

    [Fact(Timeout = 120_000)]
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
}
