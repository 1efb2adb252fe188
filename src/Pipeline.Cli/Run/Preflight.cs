using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Stores;

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
        // At once: most of either is the start of a client, and there is mostly more than one processor.
        var api = Task.Run(() => AskApiAsync(settings, services, cancellationToken), cancellationToken);
        var bucket = Task.Run(() => AskBucketAsync(settings, services, cancellationToken), cancellationToken);
        await Task.WhenAll(api, bucket).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Of two faults the API's is told, whichever came first.
        await api;
        await bucket;
    }

    private static async Task AskApiAsync(RunSettings settings, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (settings.IsEmbedded)
            return;
        try
        {
            await foreach (var _ in services.GetRequiredService<NimbleClient>().ListBatchesAsync(cancellationToken))
                break;
        }
        catch (PipelineException problem) when (!settings.HasKey && problem.Reason == FailureReasons.AccessDenied)
        {
            throw PipelineException.Permanent(
                FailureReasons.AccessDenied,
                $"The API at {settings.Api} wants a key, and NIMBLE_API_KEY is not set. Set it to the key of that API.",
                problem);
        }
    }

    private static async Task AskBucketAsync(RunSettings settings, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (settings.StorageUrl is { } storageUrl && (!settings.IsEmbedded || settings.StoresAreOutside))
            await foreach (var _ in services.GetRequiredService<ObjectStores>().ListAsync(ObjectUri.Parse(storageUrl), cancellationToken))
                break;
    }
}
