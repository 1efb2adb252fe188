using Pipeline.Tests.Support;

[assembly: AssemblyFixture(typeof(Servers))]

namespace Pipeline.Tests.Support;

/// <summary>The servers that tests share, each started by the first test that asks for it and stopped at the end of the run.</summary>
public sealed class Servers : IAsyncDisposable
{
    private readonly Lazy<Task<ServerProcess>> _swift = new(ServerProcess.StartSwiftAsync);
    private readonly Lazy<Task<ServerProcess>> _gcs = new(ServerProcess.StartGcsAsync);

    public async Task<Uri> SwiftAsync() => (await _swift.Value).Address;

    public async Task<Uri> GcsAsync() => (await _gcs.Value).Address;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in new[] { _swift, _gcs }.Where(s => s is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }))
            await (await server.Value).DisposeAsync();
    }
}
