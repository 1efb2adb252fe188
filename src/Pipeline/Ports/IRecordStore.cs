using Pipeline.Model;
using Pipeline.Staging;

namespace Pipeline.Ports;

/// <summary>
/// The output that consumers read. Receives only complete, verified records.
/// </summary>
/// <remarks>
/// Contract: a completed put survives a crash. An interrupted put leaves everything or nothing. Putting the same id
/// again is harmless: the first record stays, and the later put returns normally. A record replaces an earlier failure
/// of the same id; a failure never replaces a record. Each put returns what is stored afterwards, to be announced;
/// null where the documents of this store are not announced.
/// </remarks>
public interface IRecordStore
{
    /// <summary>Puts one record. Returns the record that stays, which the caller disposes.</summary>
    /// <exception cref="PipelineException">Transient: the store is full or unavailable.</exception>
    Task<StoredDocument?> PutRecordAsync(StagedRecord record, CancellationToken cancellationToken);

    /// <summary>Puts failures. Returns those that no record replaces.</summary>
    Task<IReadOnlyList<StoredDocument>> PutFailuresAsync(
        IReadOnlyList<Failure> failures, CancellationToken cancellationToken);

    /// <summary>Returns those of the given ids of one submission whose record is stored.</summary>
    Task<IReadOnlySet<string>> FindRecordsAsync(
        string listId, string submissionId, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Returns where the records of a list are, with sizes and digests, for its manifest.</summary>
    Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(string listId, CancellationToken cancellationToken);

    /// <summary>Publishes a list's manifest. Replaces an earlier one of the same list.</summary>
    Task<StoredDocument?> PutManifestAsync(Manifest manifest, CancellationToken cancellationToken);
}
