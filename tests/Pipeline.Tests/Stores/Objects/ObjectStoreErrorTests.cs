using System.IO.Hashing;
using System.Security.Cryptography;
using Google.Apis.Auth.OAuth2;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>Errors that the available real servers cannot produce, from a test server.</summary>
public sealed class ObjectStoreErrorTests
{
    private static readonly ObjectUri S3Object = new("s3", "bucket", "a/b.json");
    private static readonly ObjectUri Gs = new("gs", "bucket", "a/b.json");
    private static readonly byte[] Content = "123456789"u8.ToArray();

    public static TheoryData<string, string> S3Checksums { get; } = new()
    {
        { "x-amz-checksum-crc32c", "4waSgw==" },
        { "x-amz-checksum-crc32", Reversed(Crc32.Hash(Content)) },
        { "x-amz-checksum-crc64nvme", "rosUhgp5mIg=" },
        { "x-amz-checksum-sha256", Convert.ToBase64String(SHA256.HashData(Content)) },
        { "ETag", "\"25f9e794323b453885f5181f1b624d0b\"" },
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(S3Checksums))]
    [Trait("Promise", "4")]
    public async Task EachChecksumOfS3IsChecked(string header, string value)
    {
        foreach (var damaged in new[] { false, true })
        {
            var body = (byte[])Content.Clone();
            body[3] ^= damaged ? (byte)1 : (byte)0;
            await using var server = await TestServer.StartAsync(Bytes(body, (header, value)));
            using var store = S3(server.Address);
            await using var read = (await store.OpenAsync(S3Object, Ct))!;
            if (damaged)
                Assert.Equal(
                    FailureReasons.ObjectDamaged,
                    (await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body))).Reason);
            else
                Assert.Equal(Content, await Some.ReadAllAsync(read.Body));
            Assert.Equal("ENABLED", server.Seen[0].Headers["x-amz-checksum-mode"]);
        }
    }

    [Theory]
    [InlineData("\"25f9e794323b453885f5181f1b624d0b-2\"", "", "")]
    [InlineData("\"not-a-hash\"", "", "")]
    [InlineData("\"00000000000000000000000000000000\"", "x-amz-server-side-encryption", "aws:kms")]
    [InlineData("\"00000000000000000000000000000000\"", "x-amz-server-side-encryption-customer-algorithm", "AES256")]
    public async Task AnETagThatIsNotAnMd5IsNotComparedAsOne(string etag, string header, string value)
    {
        await using var server = await TestServer.StartAsync(
            Bytes(Content, header.Length > 0 ? [("ETag", etag), (header, value)] : [("ETag", etag)]));
        using var store = S3(server.Address);
        await using var read = (await store.OpenAsync(S3Object, Ct))!;
        Assert.Equal(Content, await Some.ReadAllAsync(read.Body));
    }

    [Theory]
    [InlineData(
        403, "<Error><Code>AccessDenied</Code></Error>",
        "without s3:ListBucket, a missing object is also answered with 403")]
    [InlineData(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", "The clock of this machine is wrong")]
    [InlineData(
        400, "<Error><Code>ExpiredToken</Code></Error>",
        "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.")]
    [InlineData(404, "<Error><Code>NoSuchBucket</Code></Error>", "The bucket 'bucket' does not exist there.")]
    [InlineData(
        301, "<Error><Code>PermanentRedirect</Code></Error>",
        "The bucket 'bucket' is in eu-west-3. Set AWS_REGION=eu-west-3.")]
    public async Task RefusalsOfS3SayWhatToDo(int status, string body, string advice)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json(
            body, status,
            status == 301 ? [("x-amz-bucket-region", "eu-west-3"), ("Location", "http://127.0.0.1:1/")] : []));
        using var store = S3(server.Address);
        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(S3Object, Ct));
        Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.Single(server.Seen);
    }

    [Theory]
    [InlineData(
        401, """{"error":{"message":"Invalid Credentials"}}""",
        "GCS answered 401 for gs://bucket/a/b.json (Invalid Credentials). The credentials are not valid.")]
    [InlineData(403, "{}", "without storage.objects.list, a missing object is also answered with 403")]
    [InlineData(
        404, """{"error":{"message":"The specified bucket does not exist."}}""", "The bucket 'bucket' does not exist.")]
    public async Task RefusalsOfGcsSayWhatToDo(int status, string body, string advice)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json(body, status));
        using var store = Gcs(server.Address);
        foreach (var attempt in new Func<Task>[]
        {
            () =>
                store.OpenAsync(Gs, Ct), () =>
                    store.WriteAsync(Gs, new MemoryStream([1]), Ct), async () =>
                        await store.ListAsync(Gs, Ct).CountAsync(Ct),
        })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
            Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AStoreThatStaysBusyIsTransientWithTheRequestedWait()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("", 503, ("Retry-After", "120")));
        using var s3 = S3(server.Address);
        using var gcs = Gcs(server.Address);
        foreach (var error in new[]
        {
            await Assert.ThrowsAsync<PipelineException>(
                () =>
                    s3.OpenAsync(S3Object, Ct)), await Assert.ThrowsAsync<PipelineException>(() =>
                        gcs.OpenAsync(Gs, Ct)),
        })
            Assert.Equal(
                (FailureReasons.Unavailable, false, 120),
                (error.Reason, error.IsPermanent, error.RetryAfter!.Value.TotalSeconds));
    }

    [Fact]
    public async Task TheNumberOfTriesIsLimited()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("", 503));
        using var store = Gcs(server.Address);
        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(Gs, Ct));
        Assert.Equal("GCS (gs://bucket/a/b.json) answered 503 (5 tries).", error.Message);
        Assert.Equal(5, server.Seen.Count);
    }

    [Fact]
    public async Task AStoreThatNeverAnswersIsUnavailable()
    {
        await using var server = await TestServer.StartAsync(TestServer.Silence());
        using var store = S3(
            server.Address, o => o with { StallTimeout = TimeSpan.FromMilliseconds(100), MaxTries = 2 });
        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(S3Object, Ct));
        Assert.Equal("S3 (s3://bucket/a/b.json) did not answer within 0.1 s (2 tries).", error.Message);
    }

    [Fact]
    public async Task AGcsListingOfManyPagesIsReadToItsEnd()
    {
        await using var server = await TestServer.StartAsync(
            TestServer.Json("""{"nextPageToken":"p+2","items":[{"name":"a/1","size":"10"}]}"""),
            TestServer.Json("""{"nextPageToken":"p3"}"""),
            TestServer.Json("""{"items":[{"name":"a/2","size":"5000000000"}]}"""));
        using var store = Gcs(server.Address);
        Assert.Equal(
            [new ObjectInfo(Gs with { Key = "a/1" }, 10), new ObjectInfo(Gs with { Key = "a/2" }, 5_000_000_000)],
            await store.ListAsync(Gs with { Key = "a/" }, Ct).ToListAsync(Ct));
        Assert.Contains("?pageToken=p%2B2&", server.Seen[1].PathAndQuery, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnS3ListingOfManyPagesIsReadToItsEnd()
    {
        await using var server = await TestServer.StartAsync(
            Xml(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>t+1</NextContinuationToken><Contents><Key>a/1</"
                    + "Key><Size>10</Size></Contents>"),
            Xml("<IsTruncated>false</IsTruncated><Contents><Key>a/2</Key><Size>20</Size></Contents>"));
        using var store = S3(server.Address);
        Assert.Equal(
            ["a/1", "a/2"],
            await store.ListAsync(S3Object with { Key = "a/" }, Ct).Select(o => o.Uri.Key).ToListAsync(Ct));
        Assert.Contains("continuation-token=t%2B1", server.Seen[1].PathAndQuery, StringComparison.Ordinal);

        static Func<HttpContext, Task> Xml(string inner) =>
            TestServer.Json(
                $"""<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</ListBucketResult>""");
    }

    [Fact]
    public async Task AListingThatRepeatsItsPagesIsAnError()
    {
        await using var gcsServer = await TestServer.StartAsync(TestServer.Json("""{"nextPageToken":"same"}"""));
        using var gcs = Gcs(gcsServer.Address);
        Assert.Equal(
            FailureReasons.Unavailable,
            (
                await Assert.ThrowsAsync<PipelineException>(
                    async () => await gcs.ListAsync(Gs, Ct).CountAsync(Ct))).Reason);
        await using var s3Server = await TestServer.StartAsync(TestServer.Json(
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same</"
                + "NextContinuationToken></ListBucketResult>"));
        using var s3 = S3(s3Server.Address);
        Assert.Equal(
            FailureReasons.Unavailable,
            (
                await Assert.ThrowsAsync<PipelineException>(
                    async () => await s3.ListAsync(S3Object, Ct).CountAsync(Ct))).Reason);
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task ABodyLongerThanAnnouncedIsReportedAsDamage()
    {
        await using var server = await TestServer.StartAsync(
            Bytes(Content, ("x-goog-stored-content-length", "4"), ("no-length", "")));
        using var store = Gcs(server.Address);
        await using var read = (await store.OpenAsync(Gs, Ct))!;
        var error = await Assert.ThrowsAsync<PipelineException>(() => Some.ReadAllAsync(read.Body));
        Assert.Equal("gs://bucket/a/b.json is longer than the 4 bytes it should have.", error.Message);
    }

    [Fact]
    public async Task AnAlteredWriteIsReportedAsDamage()
    {
        const string Mismatch =
            """{"error":{"message":"Provided CRC32C \"4waSgw==\" doesn't match calculated CRC32C \"AAAAAA==\"."}}""";
        await using var server = await TestServer.StartAsync(context => context.Request.Method == "PUT"
            ? TestServer.Json(Mismatch, 400)(context)
            : TestServer.Json("{}", headers: ("Location", $"http://{context.Request.Host}/session"))(context));
        using var store = Gcs(server.Address);
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => store.WriteAsync(Gs, new MemoryStream(Content), Ct));
        Assert.Equal((FailureReasons.ObjectDamaged, false), (error.Reason, error.IsPermanent));
        Assert.Equal("crc32c=4waSgw==", server.Seen[1].Headers["x-goog-hash"]);
    }

    [Fact]
    public async Task AnUploadSessionWithoutAnAddressIsTransient()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("<html>proxy</html>"));
        using var store = Gcs(server.Address);
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => store.WriteAsync(Gs, new MemoryStream(Content), Ct));
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    [Fact]
    public async Task TheGcsEndpointMayHaveAPath()
    {
        await using var server = await TestServer.StartAsync(Bytes(Content));
        using var store = new GcsObjectStore(
            new() { GcsEndpoint = server.Address + "gcs" }, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
        await using var read = await store.OpenAsync(Gs, Ct);
        Assert.Equal("/gcs/storage/v1/b/bucket/o/a%2Fb.json?alt=media", server.Seen[0].PathAndQuery);
        Assert.False(server.Seen[0].Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task GoogleIsCalledWithTheCredentialsToken()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        using var connection = new GcsConnection(
            new() { GcsEndpoint = server.Address.AbsoluteUri }, TimeProvider.System);
        using var client = await connection.CreateAsync(GoogleCredential.FromAccessToken("token-1"), Ct);
        Assert.Empty(await client.ListObjectsAsync("bucket").ToListAsync(Ct));
        Assert.Equal("Bearer token-1", server.Seen[0].Headers["Authorization"]);
    }

    [Fact]
    public void TheCloudsOwnVariablesAreRead()
    {
        var variables = new Dictionary<string, string?>
        {
            ["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9000", ["AWS_REGION"] = "eu-west-1",
            ["AWS_ACCESS_KEY_ID"] = "k", [
                "AWS_SECRET_ACCESS_KEY"] = "s",
            ["AWS_SESSION_TOKEN"] = "t", ["STORAGE_EMULATOR_HOST"] = "127.0.0.1:5005",
        };
        var options = ObjectStoreOptions.FromEnvironment(variables.GetValueOrDefault);
        Assert.Equal(
            new ObjectStoreOptions
            {
                S3Endpoint = new(
                    "http://127.0.0.1:9000"), S3Region = "eu-west-1", S3AccessKey = "k", S3SecretKey = "s",
                        S3SessionToken = "t", GcsEndpoint = "127.0.0.1:5005",
            },
            options);
        Assert.Equal(new ObjectStoreOptions(), ObjectStoreOptions.FromEnvironment(_ => null));
        Assert.Equal("S3 http://127.0.0.1:9000/, GCS 127.0.0.1:5005", options.ToString());
        var error = Assert.Throws<PipelineException>(
            () => ObjectStoreOptions.FromEnvironment(name => name == "AWS_ENDPOINT_URL_S3" ? "localhost" : null));
        Assert.Equal(
            "AWS_ENDPOINT_URL_S3 is 'localhost'. Write an http or https address, such as https://s3.example.com.",
            error.Message);
    }

    private static Func<HttpContext, Task> Bytes(byte[] body, params (string Name, string Value)[] headers) =>
        async context =>
    {
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        if (!headers.Any(h => h.Name == "no-length"))
            context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    };

    private static string Reversed(byte[] crc) => Convert.ToBase64String([.. crc.Reverse()]);

    private static S3ObjectStore S3(Uri address, Func<ObjectStoreOptions, ObjectStoreOptions>? change = null)
    {
        var options = new ObjectStoreOptions
        {
            S3Endpoint = address,
            S3AccessKey = "k",
            S3SecretKey = "s",
            FirstDelay = TimeSpan.FromMilliseconds(10),
        };
        return new(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
    }

    private static GcsObjectStore Gcs(Uri address) => new(
        new ObjectStoreOptions { GcsEndpoint = address.AbsoluteUri, FirstDelay = TimeSpan.FromMilliseconds(10) },
        TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
}
