using Npgsql;
using Pipeline.Tests.Support;

[assembly: AssemblyFixture(typeof(Servers))]

namespace Pipeline.Tests.Support;

/// <summary>
/// The servers that tests share. The first test that needs one starts it; the end of the run stops it.
/// </summary>
public sealed class Servers : IAsyncDisposable
{
    private readonly Lazy<Task<ServerProcess>> _swift = new(ServerProcess.StartSwiftAsync);
    private readonly Lazy<Task<ServerProcess>> _gcs = new(ServerProcess.StartGcsAsync);

    private readonly Lazy<Task<ServerProcess>> _azurite = new(ServerProcess.StartAzuriteAsync);
    private readonly Lazy<Task<ServerProcess>> _postgres = new(ServerProcess.StartPostgresAsync);
    private int _accounts = -1;
    private int _databases;

    public async Task<Uri> SwiftAsync() => (await _swift.Value).Address;

    public async Task<Uri> GcsAsync() => (await _gcs.Value).Address;

    /// <summary>Returns an empty storage account for one test.</summary>
    public async Task<AzuriteAccount> AzureAsync() => new(await _azurite.Value, Interlocked.Increment(ref _accounts));

    /// <summary>Returns an empty database of PostgreSQL for one test.</summary>
    public async Task<NpgsqlDataSource> PostgresAsync()
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        var server = $"Host=127.0.0.1;Port={(await _postgres.Value).Address.Port};Username=postgres;Pooling=false";
        await using (var database = NpgsqlDataSource.Create($"{server};Database=postgres"))
        await using (var create = database.CreateCommand($"CREATE DATABASE {name}"))
            await create.ExecuteNonQueryAsync();
        return NpgsqlDataSource.Create($"{server};Database={name}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server
            in new[] { _swift, _gcs, _azurite, _postgres }.Where(
                s => s is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }))
            await (await server.Value).DisposeAsync();
    }
}
