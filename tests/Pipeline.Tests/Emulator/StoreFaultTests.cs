using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>Faults in reads from the emulator's own buckets, as a client sees them.</summary>
public sealed class StoreFaultTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("store_refused_ms=600000", 403, "AccessDenied")]
    [InlineData("store_refused_ms=600000,store_refusal=ExpiredToken", 400, "ExpiredToken")]
    [InlineData("store_refused_ms=600000,store_refusal=RequestTimeout", 400, "RequestTimeout")]
    [InlineData("object_archived", 403, "InvalidObjectState")]
    [InlineData("store_busy=1", 503, "SlowDown")]
    [InlineData("store_timeout=1", 400, "RequestTimeout")]
    [InlineData("store_clock_s=3600", 403, "RequestTimeTooSkewed")]
    public async Task AReadIsRefusedAsConfigured(string faults, int status, string code)
    {
        await using var emulator = await StartAsync(faults);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"{emulator.S3Endpoint.AbsoluteUri.TrimEnd('/')}/results/x");
        request.Headers.TryAddWithoutValidation(
            "x-amz-date", TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'"));
        using var response = await http.SendAsync(request, Ct);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains($"<Code>{code}</Code>", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATemporaryRefusalEnds()
    {
        var time = AwaitedTime.AtPresent();
        await using var emulator = await StartAsync("store_refused_ms=200", time);
        using var s3 = S3(emulator);
        var refused = await Assert.ThrowsAsync<AmazonS3Exception>(() => s3.GetObjectAsync("results", "x", Ct));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        time.Advance(TimeSpan.FromMilliseconds(200));
        using var read = await s3.GetObjectAsync("results", "x", Ct);
        Assert.Equal(1000, read.ContentLength);
    }

    [Fact]
    public async Task AForeignETagLooksLikeAnMd5AndStaysTheSame()
    {
        await using var emulator = await StartAsync("object_etag");
        using var http = new HttpClient();
        var tags = new HashSet<string>();
        for (var i = 0; i < 2; i++)
        {
            using var response = await http.GetAsync($"{emulator.S3Endpoint.AbsoluteUri.TrimEnd('/')}/results/x", Ct);
            tags.Add(response.Headers.ETag!.Tag);
        }

        Assert.Matches("^\"[0-9a-f]{32}\"$", Assert.Single(tags));
        using var s3 = S3(emulator);
        Assert.NotEqual((await s3.PutObjectAsync(Object(), Ct)).ETag, tags.Single());
    }

    [Fact]
    public async Task ABodyIsCutOff()
    {
        await using var emulator = await StartAsync("store_cut=1");
        using var http = new HttpClient();
        await Assert.ThrowsAnyAsync<HttpRequestException>(
            () => http.GetByteArrayAsync($"{emulator.S3Endpoint.AbsoluteUri.TrimEnd('/')}/results/x", Ct));
    }

    private async Task<RunningEmulator> StartAsync(string faults, TimeProvider? time = null)
    {
        var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = _folder.Path, Faults = faults, Storage = StorageMode.Own,
                Time = time ?? TimeProvider.System,
            },
            Ct);
        await emulator.EnsureBucketAsync("results");
        using var s3 = S3(emulator);
        await s3.PutObjectAsync(Object(), Ct);
        return emulator;
    }

    private static PutObjectRequest Object() =>
        new() { BucketName = "results", Key = "x", InputStream = new MemoryStream(new byte[1000]) };

    private static AmazonS3Client S3(RunningEmulator emulator) => new("key", "secret", new AmazonS3Config
    {
        ServiceURL = emulator.S3Endpoint.AbsoluteUri,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        MaxErrorRetry = 0,
    });
}
