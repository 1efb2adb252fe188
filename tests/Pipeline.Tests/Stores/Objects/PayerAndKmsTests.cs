using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Stores;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>Requester-pays buckets, and objects encrypted with a customer-managed key.</summary>
public sealed class PayerAndKmsTests
{
    private const string Key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    private static readonly ObjectUri S3Object = new("s3", "bucket", "a/b.json");
    private static readonly ObjectUri Gs = new("gs", "bucket", "a/b.json");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EveryS3RequestHasASignedPayerHeaderIfWePay(bool pays)
    {
        await using var server = await TestServer.StartAsync(
            context =>
                context.Response.WriteAsync(
                    context.Request.Query.ContainsKey("list-type") ? "<ListBucketResult/>" : "x", Ct));
        using var store = S3(server.Address, o => o with { S3RequesterPays = pays });

        await using (await store.OpenAsync(S3Object, Ct))
            Assert.Empty(await store.ListAsync(S3Object, Ct).ToListAsync(Ct));
        await store.WriteAsync(S3Object, new MemoryStream([1]), Ct);

        Assert.Equal(["GET", "GET", "PUT"], server.Seen.Select(r => r.Method));
        foreach (var headers in server.Seen.Select(r => r.Headers))
        {
            Assert.Equal(pays ? "requester" : null, headers.GetValueOrDefault("x-amz-request-payer"));
            Assert.Equal(pays, headers["Authorization"].Contains(";x-amz-request-payer", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task AResumedReadPaysToo()
    {
        await using var server = await TestServer.StartAsync(
            async context =>
            {
                context.Response.Headers.ETag = "\"v1-2\"";
                await TestServer.Abort("abc")(context);
            },
            context =>
            {
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = "bytes 3-1002/1003";
                context.Response.Headers.ETag = "\"v1-2\"";
                return context.Response.WriteAsync(new string('x', 1000), Ct);
            });
        using var store = S3(server.Address, o => o with { S3RequesterPays = true });
        await using var read = (await store.OpenAsync(S3Object, Ct))!;

        Assert.Equal(1003, (await Some.ReadAllAsync(read.Body)).Length);

        Assert.Equal("bytes=3-", server.Seen[1].Headers["Range"]);
        Assert.All(server.Seen, r => Assert.Equal("requester", r.Headers["x-amz-request-payer"]));
    }

    [Theory]
    [InlineData("my-project-1")]
    [InlineData(null)]
    public async Task EveryGcsRequestNamesTheProjectThatPays(string? project)
    {
        await using var server = await TestServer.StartAsync(context => TestServer.Json(
            "{}", headers: ("Location", $"http://{context.Request.Host}/session?userProject={project}"))(context));
        using var store = Gcs(server.Address, o => o with { GcsUserProject = project });

        await using (await store.OpenAsync(Gs, Ct))
            Assert.Empty(await store.ListAsync(Gs, Ct).ToListAsync(Ct));
        await store.WriteAsync(Gs, new MemoryStream([1]), Ct);

        Assert.Equal(["GET", "GET", "POST", "PUT"], server.Seen.Select(r => r.Method));
        Assert.All(
            server.Seen,
            r =>
                Assert.Equal(
                    project is not null,
                    r.PathAndQuery.Contains("userProject=my-project-1", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(403, "AccessDenied", "User: arn:aws:sts::111122223333:assumed-role/reader/pipeline is not authorized "
        + $"to perform: kms:Decrypt on resource: {Key} because no identity-based policy allows the kms:Decrypt action",
        $"The KMS key {Key} refuses these credentials, not the bucket. Allow kms:Decrypt ")]
    [InlineData(403, "AccessDenied", "The ciphertext refers to a customer master key that does not exist, does not "
        + "exist in this region, or you are not allowed to access.",
        "The KMS key that it is encrypted with refuses these credentials")]
    [InlineData(
        400, "KMS.DisabledException", $"{Key} is disabled.",
        $"The KMS key {Key} cannot be used. Enable it, or cancel its deletion.")]
    [InlineData(403, "AccessDenied", "Access Denied", "Grant s3:GetObject and s3:PutObject on arn:aws:s3:::bucket/*")]
    public async Task ARefusalOfKmsIsDistinguishedFromARefusalOfTheBucket(
        int status, string code, string message, string advice)
    {
        await using var server = await TestServer.StartAsync(Error(status, code, message));
        using var store = S3(server.Address);
        foreach (var attempt
            in new Func<Task>[]
            {
                () => store.OpenAsync(S3Object, Ct),
                () => store.WriteAsync(S3Object, new MemoryStream([1]), Ct),
            })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
            Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ARefusalThatMayBeDueToAMissingPayerSaysSo()
    {
        await using var server = await TestServer.StartAsync(Error(403, "AccessDenied", "Access Denied"));
        using var silent = S3(server.Address);
        using var paying = S3(server.Address, o => o with { S3RequesterPays = true });

        Assert.EndsWith(
            "If the requester pays for the bucket, set AWS_REQUEST_PAYER=requester.",
            (await Assert.ThrowsAsync<PipelineException>(() => silent.OpenAsync(S3Object, Ct))).Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain(
            "AWS_REQUEST_PAYER",
            (await Assert.ThrowsAsync<PipelineException>(() => paying.OpenAsync(S3Object, Ct))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ThrottlingException")]
    [InlineData("KMS.ThrottlingException")]
    public async Task ThrottlingByKmsIsTransient(string code)
    {
        await using var server = await TestServer.StartAsync(
            Error(
                400, code,
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."));
        using var store = S3(server.Address);
        foreach (var attempt
            in new Func<Task>[]
            {
                () => store.OpenAsync(S3Object, Ct),
                () => store.WriteAsync(S3Object, new MemoryStream([1]), Ct),
            })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
            Assert.Contains("KMS throttles the requests", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(
        400, "Bucket is a requester pays bucket but no user project provided.",
        "Set GOOGLE_CLOUD_QUOTA_PROJECT to the project that pays.")]
    [InlineData(
        403, "me@example.com does not have serviceusage.services.use access to the Google Cloud project.",
        "Grant these credentials roles/serviceusage.serviceUsageConsumer on the project")]
    [InlineData(
        403,
        "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been "
            + "authorized to use this key.",
        "gcloud storage service-agent --project=PROJECT --authorize-cmek=KEY")]
    public async Task AGcsErrorAboutPayerOrKeyIsExplained(int status, string message, string advice)
    {
        await using var server = await TestServer.StartAsync(
            TestServer.Json($$$"""{"error":{"code":{{{status}}},"message":"{{{message}}}"}}""", status));
        using var store = Gcs(server.Address);

        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(Gs, Ct));

        Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ThePayersVariablesAreReadAndChecked()
    {
        Dictionary<string, string?> variables = new()
        {
            ["AWS_REQUEST_PAYER"] = "requester",
            ["GOOGLE_CLOUD_QUOTA_PROJECT"] = "my-project-1",
        };
        var options = ObjectStoreOptions.FromEnvironment(variables.GetValueOrDefault);
        Assert.Equal((true, "my-project-1"), (options.S3RequesterPays, options.GcsUserProject));

        variables = new() { ["AWS_REQUEST_PAYER"] = "true", ["GOOGLE_CLOUD_QUOTA_PROJECT"] = "My Project" };
        var error = Assert.Throws<PipelineException>(
            () => ObjectStoreOptions.FromEnvironment(variables.GetValueOrDefault));
        Assert.Equal(
            "AWS_REQUEST_PAYER is 'true'. Set it to requester, or leave it out. GOOGLE_CLOUD_QUOTA_PROJECT is 'My "
                + "Project', which is not the id of a project such as my-project-123.",
            error.Message);
    }

    private static Func<HttpContext, Task> Error(int status, string code, string message) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        return context.Response.WriteAsync(
            $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>", Ct);
    };

    private static S3ObjectStore S3(Uri address, Func<ObjectStoreOptions, ObjectStoreOptions>? change = null)
    {
        var options = new ObjectStoreOptions
        {
            S3Endpoint = address,
            S3AccessKey = "k",
            S3SecretKey = "s",
            MaxTries = 2,
            FirstDelay = TimeSpan.FromMilliseconds(10),
        };
        return new(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
    }

    private static GcsObjectStore Gcs(Uri address, Func<ObjectStoreOptions, ObjectStoreOptions>? change = null)
    {
        var options = new ObjectStoreOptions
        {
            GcsEndpoint = address.AbsoluteUri,
            MaxTries = 2,
            FirstDelay = TimeSpan.FromMilliseconds(10),
        };
        return new(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
    }
}
