using Pipeline.Emit;

namespace Pipeline.Ports;

/// <summary>
/// Where consumers read. Receives whole, verified records only.
/// </summary>
/// <remarks>
/// Contract: when a put returns, what it put survives a crash. Putting the same id again is harmless: the first record stays and the later
/// put returns as if it had written. A record replaces an earlier failure of the same id; a failure never replaces a record.
/// Whatever a crash interrupts is afterwards either there whole or not at all.
/// </remarks>
public interface IRecordSink
{
    /// <summary>Puts one record.</summary>
    /// <exception cref="PipelineException">Transient: the sink is full or cannot be reached.</exception>
    Task PutRecordAsync(StagedRecord record, CancellationToken cancellationToken);

    /// <summary>Puts failures.</summary>
    Task PutFailuresAsync(IReadOnlyList<Failure> failures, CancellationToken cancellationToken);

    /// <summary>Those of some ids whose record is there, of one submission.</summary>
    Task<IReadOnlySet<string>> FindRecordsAsync(string listId, string submissionId, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Where the records of a list are now, with sizes and digests, for its manifest.</summary>
    Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(string listId, CancellationToken cancellationToken);

    /// <summary>Publishes a list's manifest; again for the same list replaces it.</summary>
    Task PutManifestAsync(Manifest manifest, CancellationToken cancellationToken);
}
