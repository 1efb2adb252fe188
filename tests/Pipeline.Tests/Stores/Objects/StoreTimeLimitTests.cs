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

/// <summary>Whatever a store does instead of answering, the wait ends with a transient error.</summary>
[Trait("Promise", "9")]
public sealed class StoreTimeLimitTests
{
    private static readonly string[] Schemes = ["s3", "gs", "azblob"];

    private static readonly Dictionary<string, Func<HttpContext, Task>> Faults = new()
    {
        ["silence"] = TestServer.Silence(),
        ["stalled body"] = Begin(200, "<", then: TestServer.Silence()),
        ["stalled error"] = Begin(500, "<", then: TestServer.Silence()),
        ["cut body"] = TestServer.Abort("<ListBucketResult>"),
        ["cut error"] = TestServer.Abort("<Error>", 503),
        ["slow body"] = DripAsync,
    };

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (var scheme in Schemes)
                foreach (var work in (string[])["read", "write", "list"])
                    foreach (var fault in Faults.Keys)
                        cases.Add(scheme, work, fault);
            return cases;
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task EveryWaitEnds(string scheme, string work, string fault)
    {
        await using var server = await TestServer.StartAsync(Faults[fault]);
        var store = Store(scheme, server.Address);
        using var disposing = (IDisposable)store;
        var uri = new ObjectUri(scheme, "bucket", "a/b.json");
        try
        {
            await WorkAsync(store, uri, work);
            // Only a write may succeed: its answer needs no body, so it is complete once its headers arrive.
            Assert.Equal("write", work);
        }
        catch (PipelineException error)
        {
            Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
        }
    }

    private static async Task WorkAsync(IObjectStore store, ObjectUri uri, string work)
    {
        switch (work)
        {
            case "write":
                await store.WriteAsync(uri, new MemoryStream([1, 2, 3]), Ct);
                break;
            case "list":
                await store.ListAsync(uri, Ct).CountAsync(Ct);
                break;
            default:
                await using (var read = await store.OpenAsync(uri, Ct))
                    await Some.ReadAllAsync(read!.Body);
                break;
        }
    }

    private static Func<HttpContext, Task> Begin(int status, string text, Func<HttpContext, Task> then) =>
        async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentLength = 1000;
        await context.Response.WriteAsync(text);
        await context.Response.Body.FlushAsync();
        await then(context);
    };

    /// <summary>Sends a byte now and then, each well within the timeout.</summary>
    private static async Task DripAsync(HttpContext context)
    {
        context.Response.ContentType = "application/xml";
        context.Response.ContentLength = 1_000_000;
        try
        {
            while (true)
            {
                await context.Response.WriteAsync(" ", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(10, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client disconnected, as expected.
        }
    }

    private static IObjectStore Store(string scheme, Uri address)
    {
        var (stall, delay) = (TimeSpan.FromMilliseconds(150), TimeSpan.FromMilliseconds(1));
        var options = new ObjectStoreOptions
        {
            S3Endpoint = address, S3AccessKey = "k", S3SecretKey = "s", GcsEndpoint = address.AbsoluteUri,
            StallTimeout = stall, LeastRate = 100_000, MaxTries = 1, MaxResumes = 1, FirstDelay = delay,
        };
        var account = new AzureStorageOptions
        {
            ConnectionString =
                $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={AzuriteAccount.Key};BlobEndpoint={address}a",
            StallTimeout = stall,
            LeastRate = 100_000,
            MaxTries = 1,
            MaxResumes = 1,
            FirstDelay = delay,
            LongestDelay = delay,
        };
        return scheme switch
        {
            "s3" => new S3ObjectStore(options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance),
            "gs" => new GcsObjectStore(options, TimeProvider.System, NullLogger<GcsObjectStore>.Instance),
            _ =>
                new AzureBlobStore(new AzureAccount(account), TimeProvider.System, NullLogger<AzureBlobStore>.Instance),
        };
    }
}
