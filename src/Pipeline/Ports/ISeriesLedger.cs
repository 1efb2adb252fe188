using Pipeline.Model.Series;

namespace Pipeline.Ports;

/// <summary>The part of the ledger that compares the runs of a series: the last record of each input.</summary>
/// <remarks>
/// Contract: a write that is repeated, in whole or in part, has the effect of one. Runs are ordered by <see
/// cref="SeriesEntry.RunAt"/>, then by list id, so a run that finishes late does not replace the records of a later
/// one. A store needs about one request for 1,000 entries that are read and for 100 that are written.
/// </remarks>
public interface ISeriesLedger
{
    /// <summary>Returns the entries of a series, ordered by key; none if there is no such series.</summary>
    IAsyncEnumerable<SeriesEntry> GetSeriesAsync(string series, CancellationToken cancellationToken);

    /// <summary>
    /// Stores entries. An entry of an earlier run than the stored one is dropped. If <see cref="SeriesEntry.Version"/>
    /// is the stored one, the write needs no read.
    /// </summary>
    Task PutSeriesAsync(
        string series, IReadOnlyList<SeriesEntry> entries, CancellationToken cancellationToken);

    /// <summary>
    /// Stores the decisions about a block of a list's inputs, unless the block has some. Returns the stored ones, so
    /// that planning the list again decides the same.
    /// </summary>
    /// <param name="listId">The list.</param>
    /// <param name="block">Number of the block, from 0.</param>
    /// <param name="pin">At most 32 KiB.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    Task<byte[]> PinAsync(string listId, int block, byte[] pin, CancellationToken cancellationToken);

    /// <summary>Returns the decisions about a list's inputs, ordered by block.</summary>
    IAsyncEnumerable<byte[]> GetPinsAsync(string listId, CancellationToken cancellationToken);

    /// <summary>Stores a run of a series; does nothing if it is already stored.</summary>
    Task AddRunAsync(string series, SeriesRun run, CancellationToken cancellationToken);

    /// <summary>Returns the runs of a series, the latest first.</summary>
    IAsyncEnumerable<SeriesRun> GetRunsAsync(string series, CancellationToken cancellationToken);
}
