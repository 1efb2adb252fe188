using System.Collections.Frozen;
using System.Globalization;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>Reads closed lists with the counts of their manifests. A manifest is read once for each close.</summary>
internal sealed class FinishedLists(
    IListCatalog catalog, IManifestReader manifests, OutcomeSampler sampler, TimeProvider time)
{
    /// <summary>Maximum number of lists that the outcomes of a day are summed over.</summary>
    public const int MaxOfDay = 100;

    private const int Kept = 1000;
    private const int FailedKept = 3;
    private const int FilesKept = 10;

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

    /// <summary>Sums up the lists of the last day.</summary>
    /// <param name="latest">Closed lists, the latest first: one more than <see cref="MaxOfDay"/>.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public async Task<DayOutcomes> SumAsync(IReadOnlyList<FinishedList> latest, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - TimeSpan.FromDays(1);
        var ofDay = latest.Where(list => list.ClosedAt > since).ToList();
        var lists = ofDay.Take(MaxOfDay).ToList();
        var failures = await sampler.SampleAsync(lists.SelectMany(list => list.Failed), cancellationToken);
        return new(
            lists.Count, ofDay.Count > lists.Count, Sum(lists.Select(list => list.ByHttpClass)),
            Sum(lists.Select(list => list.DiscoveredBy)), Sum(lists.Select(list => list.FailuresByReason)),
            failures.Failures);
    }

    private async Task<FinishedList> ReadAsync(ListEntry list)
    {
        var manifest = await manifests.ReadManifestAsync(list.ListId, CancellationToken.None);
        var none = FrozenDictionary<string, long>.Empty;
        return new(
            list.ListId, list.Source, list.Inputs, manifest?.Records, manifest?.Failures,
            manifest?.FailuresByReason ?? none, ClassesOf(manifest), manifest?.DiscoveredBy ?? none, list.Series,
            manifest?.Changes, manifest?.EstimatedCost, list.Steering == ListSteering.Cancelled, list.CreatedAt,
            list.ClosedAt)
        {
            Failed = [.. (manifest?.Submissions ?? []).Where(s => s.Failures > 0).Take(FailedKept)
                .Select(s => s.SubmissionId)],
            Files = [.. (manifest?.Locations ?? []).Take(FilesKept)],
            FileCount = manifest?.Locations.Count ?? 0,
        };
    }

    private static IReadOnlyDictionary<string, long> ClassesOf(Manifest? manifest) =>
        Sum((manifest?.RecordsByHttpStatus ?? FrozenDictionary<string, long>.Empty).Select(status =>
            FrozenDictionary.ToFrozenDictionary([KeyValuePair.Create(ClassOf(status.Key), status.Value)])));

    private static string ClassOf(string status) =>
        OutcomeSampler.ClassOf(
            int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null);

    private static SortedDictionary<string, long> Sum(IEnumerable<IReadOnlyDictionary<string, long>> counts)
    {
        var sum = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, count) in counts.SelectMany(each => each))
            sum[name] = sum.GetValueOrDefault(name) + count;
        return sum;
    }
}
