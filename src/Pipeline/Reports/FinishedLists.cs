using System.Collections.Frozen;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>Reads closed lists with the counts of their manifests. A manifest is read once for each close.</summary>
internal sealed class FinishedLists(IListCatalog catalog, IManifestReader manifests)
{
    private const int Kept = 1000;

    private readonly AsyncCache<FinishedList> _read = new(Kept);

    /// <summary>Returns a page of closed lists, the latest first.</summary>
    public async Task<IReadOnlyList<FinishedList>> ReadPageAsync(
        ClosedPlace? after, int max, CancellationToken cancellationToken) =>
        await Task.WhenAll(
            (await catalog.GetClosedPageAsync(after, max, cancellationToken))
                .Select(list => ReadAsync(list, cancellationToken)));

    /// <summary>Returns a closed list.</summary>
    public Task<FinishedList> ReadAsync(ListEntry list, CancellationToken cancellationToken) =>
        _read.GetAsync($"{list.ListId}@{list.ClosedAt:O}", () => ReadAsync(list), cancellationToken);

    private async Task<FinishedList> ReadAsync(ListEntry list)
    {
        var manifest = await manifests.ReadManifestAsync(list.ListId, CancellationToken.None);
        return new(
            list.ListId, list.Source, list.Inputs, manifest?.Records, manifest?.Failures,
            manifest?.FailuresByReason ?? FrozenDictionary<string, long>.Empty, manifest?.EstimatedCost,
            list.Steering == ListSteering.Cancelled, list.CreatedAt, list.ClosedAt);
    }
}
