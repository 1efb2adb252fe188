using Pipeline.Model;
using Pipeline.Staging;

namespace Pipeline.Ports;

/// <summary>
/// The output that consumers read. Receives only complete, verified records.
/// </summary>
/// <remarks>
/// Contract: a completed put survives a crash. An interrupted put leaves everything or nothing. Putting the same part
/// or the same failure again is harmless: what was stored first stays, and the later put returns normally. Two parts
/// may hold a record of the same id; the one that the ledger names counts, and only that one is announced and is in the
/// submission's file. A failure never replaces a record. Puts return the documents as they are stored, for the
/// announcers; null or none if this store's documents are not announced.
/// </remarks>
public interface IRecordStore
{
    /// <summary>Stores all records of one message, or none of them.</summary>
    /// <param name="part">
    /// Name of the part, of letters and digits. The same name always means the same ids in the same submission.
    /// </param>
    /// <param name="records">Records of one submission with different ids; at least one, at most 32.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>The records that stay, in the order of the given ones.</returns>
    /// <exception cref="PipelineException">Transient: the store is full or unavailable.</exception>
    Task<IReadOnlyList<StoredRecord>> PutRecordsAsync(
        string part, IReadOnlyList<StagedRecord> records, CancellationToken cancellationToken);

    /// <summary>Puts failures. Returns those that no record replaces.</summary>
    Task<IReadOnlyList<StoredDocument>> PutFailuresAsync(
        IReadOnlyList<Failure> failures, CancellationToken cancellationToken);

    /// <summary>Removes the failures of ids that have a record now. Skips missing ones.</summary>
    Task RemoveFailuresAsync(string listId, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Returns the stored records among the given ids of one submission.</summary>
    Task<IReadOnlyDictionary<string, StoredRecord>> FindRecordsAsync(
        string listId, string submissionId, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Returns the address of a part; null where parts have none.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="part">The part, as in <see cref="RecordPlace.Part"/>.</param>
    Uri? LocatePart(string listId, string part);

    /// <summary>
    /// Makes the records of a submission that is about to close available as one file, if this store has such files:
    /// exactly the records that the inputs name.
    /// </summary>
    /// <param name="listId">The list.</param>
    /// <param name="submissionId">The submission.</param>
    /// <param name="inputs">All inputs of the submission; each has its outcome.</param>
    /// <param name="cancellationToken">Stops the attempt; then an earlier file stays.</param>
    /// <exception cref="PipelineException">
    /// Transient: another process closes it, or the store is unavailable.
    /// </exception>
    Task CloseSubmissionAsync(
        string listId, string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken);

    /// <summary>Returns where the records of a list are, with sizes and digests, for its manifest.</summary>
    Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(string listId, CancellationToken cancellationToken);

    /// <summary>Publishes a list's manifest. Replaces an earlier one of the same list.</summary>
    Task<StoredDocument?> PutManifestAsync(Manifest manifest, CancellationToken cancellationToken);
}
