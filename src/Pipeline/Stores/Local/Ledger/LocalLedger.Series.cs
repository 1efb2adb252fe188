using System.Runtime.CompilerServices;
using Pipeline.Model.Series;

namespace Pipeline.Stores.Local.Ledger;

/// <content>Series.</content>
internal sealed partial class LocalLedger
{
    // An entry is short, and a series is read to its end.
    private const int SeriesPage = 5_000;

    /// <inheritdoc/>
    public async IAsyncEnumerable<SeriesEntry> GetSeriesAsync(
        string series, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<SeriesEntry> page = [];
        do
        {
            var after = page.Count == 0 ? "" : page[^1].Key;
            page = await database.ReadAsync(
                session => SeriesRows.Entries(session, series, after, SeriesPage), cancellationToken);
            foreach (var entry in page)
                yield return entry;
        }
        while (page.Count == SeriesPage);
    }

    /// <inheritdoc/>
    public Task PutSeriesAsync(
        string series, IReadOnlyList<SeriesEntry> entries, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => SeriesRows.Put(session, series, entries), durable: false, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]> PinAsync(string listId, int block, byte[] pin, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => SeriesRows.Pin(session, listId, block, pin), durable: true, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<byte[]> GetPinsAsync(
        string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> page = [];
        var after = -1;
        do
        {
            page = await database.ReadAsync(
                session => SeriesRows.Pins(session, listId, after, PageSize), cancellationToken);
            foreach (var pin in page)
                yield return pin;
            after += page.Count;
        }
        while (page.Count == PageSize);
    }

    /// <inheritdoc/>
    public Task AddRunAsync(string series, SeriesRun run, CancellationToken cancellationToken) =>
        database.WriteAsync(session => SeriesRows.AddRun(session, series, run), durable: false, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<SeriesRun> GetRunsAsync(
        string series, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var run in await database.ReadAsync(session => SeriesRows.Runs(session, series), cancellationToken))
            yield return run;
    }
}
