using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator;

/// <summary>An emulator that answers. Disposing stops it; what it has not finished goes on when it is started again on the same folder.</summary>
public sealed class RunningEmulator : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IDisposable _folderLock;
    private int _disposed;

    internal RunningEmulator(WebApplication app, Uri baseAddress, IDisposable folderLock)
    {
        _app = app;
        _folderLock = folderLock;
        BaseAddress = baseAddress;
        // Also what stops the server when the workers have failed.
        Completion = app.WaitForShutdownAsync();
    }

    /// <summary>The root of the API without the version, with the real port.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The endpoint of its own S3 buckets, path-style.</summary>
    public Uri S3Endpoint => new(BaseAddress, "s3");

    /// <summary>The endpoint of its own GCS buckets, as <c>STORAGE_EMULATOR_HOST</c> takes it.</summary>
    public Uri GcsEndpoint => new(BaseAddress, "gcs");

    /// <summary>Makes a bucket of its own, for S3 and GCS alike, unless it is there.</summary>
    public Task EnsureBucketAsync(string name) => _app.Services.GetRequiredService<BucketStore>().EnsureBucketAsync(name);

    /// <summary>Where it was told to call, tokens and all; the admin endpoints show none.</summary>
    internal IReadOnlyList<Uri> CallbackUrls =>
        [.. _app.Services.GetRequiredService<TaskStore>().GetPosts(0, 100).Select(post => post.Delivery.CallbackUrl).OfType<string>().Select(url => new Uri(url))];

    /// <summary>Ends when the emulator has stopped, for whatever reason.</summary>
    public Task Completion { get; }

    /// <summary>Replaces all faults, as <c>PUT /_admin/faults</c> does; counts start anew.</summary>
    /// <exception cref="FormatException">The text is not of the grammar; the message says where.</exception>
    public void SetFaults(string faults) => _app.Services.GetRequiredService<FaultInjector>().Replace(FaultSet.Parse(faults));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _app.StopAsync();
        await Completion;
        await _app.DisposeAsync();
        _folderLock.Dispose();
    }
}
