using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Cli.Stores;

/// <summary>A work store that is open.</summary>
/// <param name="AddTo">Registers its ports.</param>
/// <param name="AreDeliveredAsync">
/// Brings the results of closed lists into the output folder, where the stages did not write them there already;
/// returns whether there are as many records as the manifests count.
/// </param>
/// <param name="Held">What is closed with it; null for nothing.</param>
internal sealed record OpenWorkStore(
    Action<IServiceCollection> AddTo,
    Func<IServiceProvider, IReadOnlyList<string>, CancellationToken, Task<bool>> AreDeliveredAsync,
    IAsyncDisposable? Held) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Held?.DisposeAsync() ?? ValueTask.CompletedTask;
}
