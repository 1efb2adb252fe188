using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator;

/// <summary>
/// A running emulator. Disposing stops it; unfinished work resumes when an emulator starts again on the same folder.
/// </summary>
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
        // Also stops the server when the workers have failed.
        Completion = app.WaitForShutdownAsync();
    }

    /// <summary>The root of the API, without the version and with the actual port.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The S3 endpoint of the emulator's own buckets; clients must use path-style addresses.</summary>
    public Uri S3Endpoint => new(BaseAddress, "s3");

    /// <summary>
    /// The GCS endpoint of the emulator's own buckets, in the form that <c>STORAGE_EMULATOR_HOST</c> takes.
    /// </summary>
    public Uri GcsEndpoint => new(BaseAddress, "gcs");

    /// <summary>Creates one of the emulator's own buckets unless it exists. S3 and GCS share it.</summary>
    public Task EnsureBucketAsync(string name) =>
        _app.Services.GetRequiredService<BucketStore>().EnsureBucketAsync(name);

    /// <summary>
    /// The callback URLs of the first hundred POSTs, with their tokens, which the admin endpoints hide.
    /// </summary>
    internal IReadOnlyList<Uri> CallbackUrls =>
        [
            .. _app.Services.GetRequiredService<TaskStore>().GetPosts(0, 100).Select(
                post => post.Delivery.CallbackUrl).OfType<string>().Select(url => new Uri(url))];

    /// <summary>Completes when the emulator has stopped, for whatever reason.</summary>
    public Task Completion { get; }

    /// <summary>Replaces all faults and restarts their counts, as <c>PUT /_admin/faults</c> does.</summary>
    /// <exception cref="FormatException">The text is malformed; the message says where.</exception>
    public void SetFaults(string faults) =>
        _app.Services.GetRequiredService<FaultInjector>().Replace(FaultSet.Parse(faults));

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
