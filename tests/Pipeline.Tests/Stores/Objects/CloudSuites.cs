using Amazon.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Emulator;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.S3;
using Pipeline.Tests.Contracts;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>A store over a bucket that belongs to the test.</summary>
public abstract class CloudObjectSuite : ObjectStoreContract
{
    private IObjectStore? _store;

    protected string Bucket { get; } = $"suite-{Guid.NewGuid():n}";

    /// <summary>More than one page of a listing.</summary>
    protected override int ManyObjects => 1050;

    public override async ValueTask DisposeAsync()
    {
        (_store as IDisposable)?.Dispose();
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    protected override async Task<IObjectStore> OpenAsync()
    {
        var options = await StartAsync();
        if (Root.Scheme == "s3")
        {
            using var s3 = new AmazonS3Client(
                options.S3AccessKey, options.S3SecretKey,
                new AmazonS3Config
                {
                    ServiceURL = options.S3Endpoint!.AbsoluteUri,
                    ForcePathStyle = true,
                    AuthenticationRegion = "us-east-1",
                });
            await s3.PutBucketAsync(Bucket, Token);
        }

        return _store = Create(options);
    }

    protected override async Task<IObjectStore> ReopenAsync() => Create(await StartAsync());

    /// <summary>Starts the server at the first call and returns its address.</summary>
    protected abstract Task<ObjectStoreOptions> StartAsync();

    protected virtual ValueTask StopAsync() => ValueTask.CompletedTask;

    private IObjectStore Create(ObjectStoreOptions options) => Root.Scheme == "s3"
        ? new S3ObjectStore(options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance)
        : new GcsObjectStore(options, TimeProvider.System, NullLogger<GcsObjectStore>.Instance);
}

/// <summary>Runs the suite against the emulator's own buckets.</summary>
public abstract class EmulatorObjectSuite : CloudObjectSuite
{
    private readonly TempFolder _folder = new();
    private RunningEmulator? _emulator;

    protected override async Task<ObjectStoreOptions> StartAsync()
    {
        _emulator ??= await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder.Path, Storage = StorageMode.Own }, Token);
        await _emulator.EnsureBucketAsync(Bucket);
        return new()
        {
            S3Endpoint = _emulator.S3Endpoint,
            S3AccessKey = "test",
            S3SecretKey = "test",
            GcsEndpoint = _emulator.GcsEndpoint.AbsoluteUri,
        };
    }

    protected override async ValueTask StopAsync()
    {
        if (_emulator is not null)
            await _emulator.DisposeAsync();
        _folder.Dispose();
    }
}

[SuiteFor(typeof(S3ObjectStore))]
public sealed class S3OnTheEmulatorSuite : EmulatorObjectSuite
{
    protected override ObjectUri Root => new("s3", Bucket, "root/");
}

[SuiteFor(typeof(GcsObjectStore))]
public sealed class GcsOnTheEmulatorSuite : EmulatorObjectSuite
{
    protected override ObjectUri Root => new("gs", Bucket, "root/");
}

[SuiteFor(typeof(S3ObjectStore))]
[Trait("Needs", "servers")]
public sealed class S3OnSwiftSuite(Servers servers) : CloudObjectSuite
{
    protected override ObjectUri Root => new("s3", Bucket, "root/");

    protected override async Task<ObjectStoreOptions> StartAsync() =>
        new() { S3Endpoint = await servers.SwiftAsync(), S3AccessKey = "test:tester", S3SecretKey = "testing" };
}

[SuiteFor(typeof(GcsObjectStore))]
[Trait("Needs", "servers")]
public sealed class GcsOnFirebaseSuite(Servers servers) : CloudObjectSuite
{
    protected override ObjectUri Root => new("gs", Bucket, "root/");

    protected override async Task<ObjectStoreOptions> StartAsync() =>
        new() { GcsEndpoint = (await servers.GcsAsync()).AbsoluteUri };
}
