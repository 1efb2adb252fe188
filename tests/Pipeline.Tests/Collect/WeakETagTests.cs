using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Collect;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Stores.S3;
using Pipeline.Tests.Nimble;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect;

/// <summary>An ETag may look like an MD5 hash without being one; stronger evidence decides, if there is any.</summary>
[Trait("Promise", "4")]
public sealed class WeakETagTests
{
    private const string Document =
        """{"url":"https://a.example/","task_id":"t-1","status":"success","data":{"html":"<p>x</p>"}}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AGzippedResultIsAcceptedWithOneWarningAboutTheETag()
    {
        var logs = new CollectedLogs<ResultReader>();
        for (var round = 0; round < 2; round++)
        {
            using var found = await ReadAsync(Gzip(Document), logs, times: 2);
            Assert.Equal("https://a.example/", found!.Result.Url);
            Assert.Single(
                logs.Lines, line => line.Contains("this store's ETags are not MD5 hashes", StringComparison.Ordinal));
            logs = new();
        }
    }

    [Fact]
    public async Task WithoutGzipAWrongETagMeansDamage()
    {
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => ReadAsync(Encoding.UTF8.GetBytes(Document), new(), times: 1));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
    }

    private static async Task<FoundResult?> ReadAsync(byte[] bytes, CollectedLogs<ResultReader> logs, int times)
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            context.Response.Headers.ETag = "\"00112233445566778899aabbccddeeff\"";
            context.Response.ContentLength = bytes.Length;
            return context.Response.Body.WriteAsync(bytes).AsTask();
        });
        using var s3 = new S3ObjectStore(
            new() { S3Endpoint = server.Address, S3AccessKey = "k", S3SecretKey = "s" }, TimeProvider.System,
            NullLogger<S3ObjectStore>.Instance);
        await using var rig = NimbleRig.At(server.Address);
        var reader = new ResultReader(new([s3]), rig.Client, new(new CollectOptions()), logs);
        var submission = new SubmissionEntry
        {
            SubmissionId = "l-000000",
            ListId = "l",
            Sequence = 0,
            State = SubmissionState.Accepted,
            Count = 1,
            StorageUrl = "s3://bucket/l-000000/",
        };
        FoundResult? found = null;
        for (var i = 0; i < times; i++)
        {
            found?.Dispose();
            found = await reader.ReadAsync(submission, "t-1", fromApi: false, Ct);
        }

        return found;
    }

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
