using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores.Local;

namespace Pipeline.Intake;

/// <summary>What to do with one input of a run.</summary>
/// <param name="LeavesOut">Whether it is left out.</param>
/// <param name="Known">The series' last record of it; null if there is none.</param>
internal readonly record struct SeriesDecision(bool LeavesOut, SeriesEntry? Known);

/// <summary>
/// Compares a list with the earlier runs of its series. It reads the series once, as a stream, into a temporary file,
/// so memory does not grow with it.
/// </summary>
/// <remarks>
/// The series changes while a list is planned, and planning may be repeated after a crash. So the decisions about each
/// block of inputs are pinned in the ledger before anything is planned from them. A pin also names the inputs, in 8
/// bytes each, so that the next run can tell which of them it no longer has.
/// </remarks>
internal sealed class SeriesComparison : IDisposable
{
    /// <summary>Number of inputs that are decided together.</summary>
    public const int BlockInputs = 1000;

    private readonly ISeriesLedger _ledger;
    private readonly ListEntry _list;
    private readonly SeriesRequest _request;
    private readonly SeriesScratch _known;
    private readonly DuplicateFilter _own;
    private readonly SeriesRun? _previous;
    private int _block;

    private SeriesComparison(
        ISeriesLedger ledger, ListEntry list, SeriesRequest request, SeriesScratch known, DuplicateFilter own,
        SeriesRun? previous) =>
        (_ledger, _list, _request, _known, _own, _previous) = (ledger, list, request, known, own, previous);

    /// <summary>Number of inputs that the series had a record of, whether they were left out or not.</summary>
    public long Known { get; private set; }

    /// <summary>Time of the oldest of those records.</summary>
    public DateTimeOffset? KnownSince { get; private set; }

    /// <summary>Reads the series of a list; null if it has none.</summary>
    public static async Task<SeriesComparison?> OpenAsync(
        ISeriesLedger ledger, ListInspection inspection, ListEntry list, PipelineOptions options,
        CancellationToken cancellationToken)
    {
        if (inspection.Series is not { } request)
            return null;
        await ledger.AddRunAsync(request.Name, new(list.ListId, list.CreatedAt), cancellationToken);
        var previous = await PreviousAsync(ledger, request.Name, list, cancellationToken);
        var known = new SeriesScratch();
        try
        {
            await foreach (var entry in ledger.GetSeriesAsync(request.Name, cancellationToken))
                known.Add(entry);
            return new(
                ledger, list, request, known,
                // The inputs of the previous run are looked up in the filter, which adds them.
                new(inspection.Valid + await CountAsync(ledger, previous, cancellationToken),
                    options.Collect.SpillFolder),
                previous);
        }
        catch
        {
            known.Dispose();
            throw;
        }
    }

    /// <summary>Decides about a block of inputs. Repeating it gives the same decisions.</summary>
    public async Task<IReadOnlyList<SeriesDecision>> DecideAsync(
        IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var entries = keys.Select(Find).ToList();
        var pin = SeriesPin.Create(keys, i => LeavesOut(entries[i]));
        var pinned = await _ledger.PinAsync(_list.ListId, _block++, pin, cancellationToken);
        var decisions = new SeriesDecision[keys.Count];
        for (var i = 0; i < keys.Count; i++)
        {
            _own.Add(SeriesPin.KeyAt(pinned, i));
            decisions[i] = new(SeriesPin.LeavesOut(pinned, i), entries[i]);
            Count(entries[i]);
        }
        return decisions;
    }

    /// <summary>Returns the number of inputs of the previous run that this one does not have.</summary>
    public async Task<long> CountRemovedAsync(CancellationToken cancellationToken)
    {
        var removed = 0L;
        if (_previous is null)
            return removed;
        await foreach (var pin in _ledger.GetPinsAsync(_previous.ListId, cancellationToken))
        {
            for (var i = 0; i < SeriesPin.CountOf(pin); i++)
                removed += _own.Add(SeriesPin.KeyAt(pin, i)) ? 1 : 0;
        }
        return removed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _known.Dispose();
        _own.Dispose();
    }

    // A record that this run itself stored before a crash is not an earlier record.
    private SeriesEntry? Find(string key) =>
        _known.Find(key) is { } entry && entry.ListId != _list.ListId ? entry : null;

    private void Count(SeriesEntry? entry)
    {
        if (entry is null)
            return;
        Known++;
        if (KnownSince is null || entry.RecordedAt < KnownSince)
            KnownSince = entry.RecordedAt;
    }

    private bool LeavesOut(SeriesEntry? entry) =>
        entry is not null && _request.LeavesOut(entry.RecordedAt, _list.CreatedAt);

    private static async Task<SeriesRun?> PreviousAsync(
        ISeriesLedger ledger, string series, ListEntry list, CancellationToken cancellationToken)
    {
        await foreach (var run in ledger.GetRunsAsync(series, cancellationToken))
        {
            if (run.ListId != list.ListId && run.RunAt <= list.CreatedAt)
                return run;
        }
        return null;
    }

    private static async Task<long> CountAsync(
        ISeriesLedger ledger, SeriesRun? run, CancellationToken cancellationToken)
    {
        var inputs = 0L;
        if (run is not null)
        {
            await foreach (var pin in ledger.GetPinsAsync(run.ListId, cancellationToken))
                inputs += SeriesPin.CountOf(pin);
        }
        return inputs;
    }
}
