using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Objects;

namespace Pipeline.Cli.Run;

/// <summary>Asks API and bucket one harmless question each, so that a wrong key or a missing bucket ends a run before it has begun.</summary>
internal static class Preflight
{
    public static async Task CheckAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var delivery = services.GetRequiredService<IOptions<PipelineOptions>>().Value.Delivery;
        await foreach (var _ in services.GetRequiredService<NimbleClient>().ListBatchesAsync(cancellationToken))
            break;
        if (delivery.StorageUrl is { } storageUrl)
            await foreach (var _ in services.GetRequiredService<ObjectStores>().ListAsync(ObjectUri.Parse(storageUrl), cancellationToken))
                break;
    }
}
