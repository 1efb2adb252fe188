using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>Tells consumers what is stored. A host has none, one or several.</summary>
/// <remarks>
/// Contract: at least once. Any process may announce the same document or record again, with the same id and the same
/// bytes. A returned call survives a crash.
/// </remarks>
public interface IRecordAnnouncer
{
    /// <summary>Announces a failure or a manifest.</summary>
    /// <exception cref="PipelineException">Transient: the announcement cannot be sent now.</exception>
    Task AnnounceAsync(StoredDocument document, CancellationToken cancellationToken);

    /// <summary>Announces records of one part.</summary>
    /// <exception cref="PipelineException">Transient: the announcement cannot be sent now.</exception>
    Task AnnounceAsync(StoredPart part, CancellationToken cancellationToken);

    /// <summary>Announces that a submission closes, just before the ledger says so. Does nothing by default.</summary>
    /// <exception cref="PipelineException">Transient: the announcement cannot be sent now.</exception>
    Task AnnounceAsync(SubmissionEntry closed, CancellationToken cancellationToken) => Task.CompletedTask;
}
