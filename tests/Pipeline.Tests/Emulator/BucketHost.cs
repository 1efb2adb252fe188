using Amazon.Runtime;
using Amazon.S3;
using Microsoft.AspNetCore.Builder;
using Pipeline.Emulator.Buckets;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>Serves only the buckets, on a free loopback port, from a folder that is deleted at the end.</summary>
internal sealed class BucketHost : IAsyncDisposable
{
    private const string Data = "data";
    private readonly WebApplication _app;
    private readonly TempFolder _folder;

    private BucketHost(WebApplication app, BucketStore store, TempFolder folder)
    {
        _app = app;
        _folder = folder;
        Store = store;
        Url = new Uri(app.Urls.First());
    }

    public BucketStore Store { get; }

    public string Folder => _folder[Data];

    public Uri Url { get; }

    public static async Task<BucketHost> StartAsync()
    {
        var folder = new TempFolder();
        var app = Hosts.CreateBuilder().Build();
        var store = new BucketStore(folder[Data]);
        await store.EnsureBucketAsync("results");
        app.MapBuckets(store);
        await app.StartAsync();
        return new(app, store, folder);
    }

    public AmazonS3Client S3(string accessKey = "key", Action<AmazonS3Config>? configure = null)
    {
        var config = new AmazonS3Config
        {
            ServiceURL = $"{Url}s3",
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = 0,
        };
        configure?.Invoke(config);
        return new AmazonS3Client(new BasicAWSCredentials(accessKey, "secret"), config);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}
