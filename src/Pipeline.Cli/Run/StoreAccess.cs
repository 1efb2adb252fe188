using Microsoft.Extensions.DependencyInjection;
using Pipeline.Hosting;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Run;

/// <summary>Queues, ledger and lists of a pipeline that runs elsewhere, for commands that host nothing. Over a storage account the stages are there too; a state folder has no sink here.</summary>
internal sealed class StoreAccess : IAsyncDisposable
{
    private readonly LocalDatabase? _database;
    private readonly ServiceProvider _services;

    private StoreAccess(IServiceCollection services, LocalDatabase? database) => (_services, _database) = (services.BuildServiceProvider(), database);

    public IServiceProvider Services => _services;

    /// <summary>Opens the storage account, or the state folder.</summary>
    public static async Task<StoreAccess> OpenAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var services = new ServiceCollection()
            .AddLogging()
            .AddPipeline(settings.ApplyWithoutCallbacks)
            .AddCloudObjects(settings.Stores);
        if (settings.Azure is { } azure)
            return new(services.AddAzureStores(azure), null);
        var database = await LocalDatabase.OpenAsync(settings.State, cancellationToken);
        return new(services.AddLocalStores(database), database);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (_database is not null)
            await _database.DisposeAsync();
    }
}
