using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Ledger;

/// <summary>Lists, events and manifests of one machine, for people.</summary>
internal sealed class LocalListCatalog(LocalDatabase database, TimeProvider time)
    : IListCatalog, IEventLog, IManifestReader
{
    internal const int MaxEvents = 10_000;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ListEntry>> GetOpenPageAsync(
        string after, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.OpenLists(session, after, max), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ListEntry>> GetClosedPageAsync(
        ClosedPlace? after, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.ClosedLists(session, after, max), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ListEntry>> GetRefusedAsync(
        DateTimeOffset since, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.RefusedLists(session, since, max), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LiveList>> GetLiveAsync(
        IReadOnlyList<string> listIds, CancellationToken cancellationToken) =>
        database.ReadAsync(session => LedgerRows.Live(session, listIds, time.GetUtcNow()), cancellationToken);

    /// <inheritdoc/>
    public Task AddEventAsync(EventEntry entry, CancellationToken cancellationToken) =>
        database.WriteAsync(session =>
        {
            if (entry.ListId is null || !ErasedLists.Has(session, entry.ListId))
                session.Execute(
                    "INSERT INTO event(at, kind, list_id, who, text) VALUES($1, $2, $3, $4, $5)",
                    entry.At.UtcTicks, entry.Kind, entry.ListId, entry.Who, entry.Text);
            session.Execute(
                "DELETE FROM event WHERE at<$1 OR sequence<=(SELECT MAX(sequence) FROM event)-$2",
                (entry.At - IEventLog.Kept).UtcTicks, MaxEvents);
        }, durable: false, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EventEntry>> GetEventsAsync(int max, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<EventEntry>>(session =>
        {
            var events = new List<EventEntry>();
            using var rows = session.Query(
                "SELECT at, kind, list_id, who, text FROM event ORDER BY sequence DESC LIMIT $1", max);
            while (rows.Read())
                events.Add(new(
                    new(rows.GetInt64(0), TimeSpan.Zero), rows.GetString(1),
                    rows.IsNull(2) ? null : rows.GetString(2), rows.GetString(3), rows.GetString(4)));
            return events;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<Manifest?> ReadManifestAsync(string listId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.Scalar("SELECT json FROM manifest WHERE list_id=$1", listId) is byte[] json
                ? ManifestText.Read(json)
                : null,
            cancellationToken);
}
