using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>
/// Reads recent activity: what people did, which lists were refused, and which messages no worker could handle.
/// </summary>
internal sealed class ActivityReader(
    IEventLog events, IDeadLetters deadLetters, IListCatalog catalog, ILedger ledger, TimeProvider time)
{
    private static readonly string[] Queues =
    [
        QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, QueueNames.Notifications, QueueNames.Exports,
    ];

    // Long enough for the sender to notice, short enough to keep the report readable.
    internal static readonly TimeSpan RefusedShown = TimeSpan.FromDays(7);

    // The name of a list does not change.
    private readonly AsyncCache<string?> _sources = new(1000);

    /// <summary>Returns up to <paramref name="max"/> events, the latest first.</summary>
    public async Task<IReadOnlyList<EventReport>> GetEventsAsync(int max, CancellationToken cancellationToken) =>
        await Task.WhenAll((await events.GetEventsAsync(max, cancellationToken)).Select(async entry => new EventReport(
            entry.At, entry.Kind, entry.ListId, await SourceOfAsync(entry.ListId, cancellationToken), entry.Who,
            entry.Text)));

    /// <summary>Returns up to <paramref name="max"/> dead letters of each queue.</summary>
    public async Task<IReadOnlyList<DeadLetter>> GetDeadLettersAsync(int max, CancellationToken cancellationToken)
    {
        var all = new List<DeadLetter>();
        foreach (var queue in Queues)
            all.AddRange(await deadLetters.GetDeadLettersAsync(queue, max, cancellationToken));
        return all;
    }

    private async Task<string?> SourceOfAsync(string? listId, CancellationToken cancellationToken) =>
        listId is null
            ? null
            : await _sources.GetAsync(
                listId, async () => (await ledger.GetListAsync(listId, CancellationToken.None))?.Source,
                cancellationToken);

    /// <summary>Returns the lists that were refused in the last seven days, the latest first.</summary>
    public async Task<IReadOnlyList<RefusedListReport>> GetRefusedAsync(
        int max, CancellationToken cancellationToken) =>
    [
        .. (await catalog.GetRefusedAsync(time.GetUtcNow() - RefusedShown, max, cancellationToken))
            .Select(list => new RefusedListReport(list.ListId, list.Source, list.Message, list.ClosedAt)),
    ];
}
