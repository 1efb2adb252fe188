using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Stores.Local;
using Pipeline.Stores.Objects;
using Pipeline.Submit;

namespace Pipeline.Cli.Run;

/// <summary>Queues, ledger and lists of a pipeline that runs elsewhere, for commands that host no stage.</summary>
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
            .AddSingleton(TimeProvider.System)
            .AddSingleton<SubmissionGate>()
            .AddSingleton<BudgetGuard>()
            .AddSingleton<StatusReporter>()
            .AddSingleton(s => new ObjectStores(s.GetServices<IObjectStore>()));
        // What budgets there are; the settings of the stages need not be complete here.
        services.AddOptions<PipelineOptions>().Configure(options =>
        {
            settings.Apply(options);
            settings.Tuning.GetSection("Pipeline").Bind(options);
        });
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
