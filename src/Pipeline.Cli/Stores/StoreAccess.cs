using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Hosting;
using Pipeline.Options;

namespace Pipeline.Cli.Stores;

/// <summary>
/// Queues, ledger and lists of a pipeline that runs elsewhere, for commands that host nothing. Over a storage account
/// the stages work here too; a state folder has no record sink here.
/// </summary>
internal sealed class StoreAccess : IAsyncDisposable
{
    private readonly OpenWorkStore _store;
    private readonly ServiceProvider _services;

    private StoreAccess(ServiceProvider services, OpenWorkStore store) => (_services, _store) = (services, store);

    public IServiceProvider Services => _services;

    /// <summary>Opens the storage account, or the state folder.</summary>
    public static async Task<StoreAccess> OpenAsync(RunSettings settings, CancellationToken cancellationToken) =>
        Open(settings, await settings.WorkStore.OpenAsync(cancellationToken));

    /// <summary>Opens it for an erasure, which changes the output folder too.</summary>
    public static async Task<StoreAccess> OpenForErasureAsync(
        RunSettings settings, CancellationToken cancellationToken) =>
        Open(settings, await settings.WorkStore.OpenForErasureAsync(cancellationToken));

    private static StoreAccess Open(RunSettings settings, OpenWorkStore store)
    {
        var services = new ServiceCollection()
            .AddLogging()
            .AddPipeline(options => Configure(options, settings))
            .AddCloudObjects(settings.Stores);
        store.AddTo(services);
        return new(services.BuildServiceProvider(), store);
    }

    // As a host on the same state does.
    private static void Configure(PipelineOptions options, RunSettings settings)
    {
        if (settings is { IsEmbedded: true, WorkStore.IsShared: false })
            EmbeddedEmulator.ApplyTimes(options);
        settings.ApplyWithoutCallbacks(options);
        Folders.AddKeptKey(settings, options);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _store.DisposeAsync();
    }
}
