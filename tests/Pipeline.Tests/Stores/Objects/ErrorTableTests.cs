using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>
/// The meaning of each store's errors, which is the same for our own reads and for calls of the SDKs.
/// </summary>
public sealed class ErrorTableTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("s3", 400, "RequestTimeout", FailureReasons.Unavailable, false)]
    [InlineData("s3", 409, "OperationAborted", FailureReasons.Unavailable, false)]
    [InlineData("s3", 503, "SlowDown", FailureReasons.Unavailable, false)]
    [InlineData("s3", 400, "ExpiredToken", FailureReasons.AccessDenied, true)]
    [InlineData("s3", 403, "AccessDenied", FailureReasons.AccessDenied, true)]
    [InlineData("s3", 403, "InvalidObjectState", FailureReasons.ObjectMissing, true)]
    [InlineData("gs", 403, "rateLimitExceeded", FailureReasons.Unavailable, false)]
    [InlineData("gs", 503, "backendError", FailureReasons.Unavailable, false)]
    [InlineData("gs", 401, "authError", FailureReasons.AccessDenied, true)]
    [InlineData("gs", 403, "forbidden", FailureReasons.AccessDenied, true)]
    [InlineData("gs", 400, "resourceIsEncryptedWithCustomerEncryptionKey", FailureReasons.ObjectMissing, true)]
    [InlineData("azblob", 503, "ServerBusy", FailureReasons.Unavailable, false)]
    [InlineData("azblob", 500, "OperationTimedOut", FailureReasons.Unavailable, false)]
    [InlineData("azblob", 403, "AuthorizationFailure", FailureReasons.AccessDenied, true)]
    [InlineData("azblob", 409, "BlobArchived", FailureReasons.ObjectMissing, true)]
    public async Task ReadsAndListingsShareOneTable(
        string scheme, int status, string code, string reason, bool isPermanent)
    {
        await using var server = await TestServer.StartAsync(Answer(scheme, status, code));
        var store = Store(scheme, server.Address);
        using var disposing = (IDisposable)store;
        var uri = new ObjectUri(scheme, "bucket", "a/b.json");
        foreach (var attempt
            in new Func<Task>[]
            {
                () => store.OpenAsync(uri, Ct),
                async () => await store.ListAsync(uri, Ct).CountAsync(Ct),
            })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(attempt);
            Assert.Equal((reason, isPermanent), (error.Reason, error.IsPermanent));
        }
    }

    [Theory]
    [InlineData("s3", "aws s3api restore-object --bucket bucket --key 'a/b.json' --restore-request Days=7")]
    [InlineData("azblob", "az storage blob set-tier")]
    public async Task AnArchivedObjectIsReportedWithHowToRestoreIt(string scheme, string command)
    {
        var code = scheme == "s3" ? "InvalidObjectState" : "BlobArchived";
        await using var server = await TestServer.StartAsync(Answer(scheme, scheme == "s3" ? 403 : 409, code));
        var store = Store(scheme, server.Address);
        using var disposing = (IDisposable)store;
        var error = await Assert.ThrowsAsync<PipelineException>(
            () => store.OpenAsync(new(scheme, "bucket", "a/b.json"), Ct));
        Assert.Contains("It is archived.", error.Message, StringComparison.Ordinal);
        Assert.Contains(command, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AfterATimeErrorOfS3TheTimeOfItsAnswerIsUsed()
    {
        var ahead = TimeProvider.System.GetUtcNow().AddHours(2);
        await using var server = await TestServer.StartAsync(
            context =>
            {
                context.Response.Headers.Date = ahead.ToString("R");
                return Answer("s3", 403, "RequestTimeTooSkewed")(context);
            },
            TestServer.Json("{}"));
        var store = Store("s3", server.Address, tries: 2);
        using var disposing = (IDisposable)store;
        await using var read = await store.OpenAsync(new("s3", "bucket", "a"), Ct);

        Assert.NotNull(read);
        Assert.StartsWith(
            ahead.UtcDateTime.ToString("yyyyMMdd'T'HH"), server.Seen[1].Headers["x-amz-date"],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARepeatedTimeErrorOfS3IsARefusal()
    {
        await using var server = await TestServer.StartAsync(Answer("s3", 403, "RequestTimeTooSkewed"));
        var store = Store("s3", server.Address, tries: 3);
        using var disposing = (IDisposable)store;
        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(new("s3", "bucket", "a"), Ct));
        Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
        Assert.Single(server.Seen);
    }

    private static Func<HttpContext, Task> Answer(string scheme, int status, string code) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.Headers["x-ms-error-code"] = code;
        if (scheme == "gs")
            await context.Response.WriteAsync(
                $$$"""{"error":{"code":{{{status}}},"message":"no","errors":[{"reason":"{{{code}}}"}]}}""", Ct);
        else
        {
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync(
                $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>", Ct);
        }
    };

    private static IObjectStore Store(string scheme, Uri address, int tries = 1)
    {
        var options = new ObjectStoreOptions
        {
            S3Endpoint = address, S3AccessKey = "k", S3SecretKey = "s", GcsEndpoint = address.AbsoluteUri,
            MaxTries = tries, FirstDelay = TimeSpan.FromMilliseconds(1),
        };
        var account = new AzureAccount(new()
        {
            ConnectionString =
                $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={AzuriteAccount.Key};BlobEndpoint={address}a",
            MaxTries = tries,
        });
        return scheme switch
        {
            "s3" => new S3ObjectStore(options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance),
            "gs" => new GcsObjectStore(options, TimeProvider.System, NullLogger<GcsObjectStore>.Instance),
            _ => new AzureBlobStore(account, TimeProvider.System, NullLogger<AzureBlobStore>.Instance),
        };
    }
}
