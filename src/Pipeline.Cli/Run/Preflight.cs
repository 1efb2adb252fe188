using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Objects;

namespace Pipeline.Cli.Run;

/// <summary>Checks the settings, and asks API and bucket one harmless question each, so that a wrong key or a missing bucket ends a run before anything is written.</summary>
internal static class Preflight
{
    public static async Task CheckAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddPipeline(settings.ApplyWithoutCallbacks)
            .AddCloudObjects(settings.Stores)
            .BuildServiceProvider();
        _ = services.GetRequiredService<IOptions<PipelineOptions>>().Value;
        if (!settings.IsEmbedded)
            await foreach (var _ in services.GetRequiredService<NimbleClient>().ListBatchesAsync(cancellationToken))
                break;
        if (settings.StorageUrl is { } storageUrl && (!settings.IsEmbedded || settings.StoresAreOutside))
            await foreach (var _ in services.GetRequiredService<ObjectStores>().ListAsync(ObjectUri.Parse(storageUrl), cancellationToken))
                break;
    }
}
