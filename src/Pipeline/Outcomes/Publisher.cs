using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Staging;

namespace Pipeline.Outcomes;

/// <summary>
/// Stores documents and then announces them. A crash in between is healed by publishing again: the store keeps the
/// first document of an id, and its bytes are what is announced.
/// </summary>
internal sealed class Publisher(
    IRecordStore store, IEnumerable<IRecordAnnouncer> announcers, IOptions<PipelineOptions>? options = null)
{
    private const int Concurrency = 16;

    private readonly IReadOnlyList<IRecordAnnouncer> _announcers = [.. announcers];
    private readonly SeriesEmit _emit = options?.Value.Series.Emit ?? SeriesEmit.All;

    /// <summary>Publishes a record. One that is the same as in the last run is announced only if all are.</summary>
    public async Task PublishAsync(StagedRecord record, CancellationToken cancellationToken)
    {
        var stored = await store.PutRecordAsync(record, cancellationToken);
        var isSilent = _emit == SeriesEmit.Changed && record.Series?.Change == RecordChange.Same;
        if (!isSilent)
            await AnnounceAsync(stored, cancellationToken);
        else if (stored is not null)
            await stored.DisposeAsync();
    }

    /// <summary>Publishes a list's manifest, in place of an earlier one.</summary>
    public async Task PublishAsync(Manifest manifest, CancellationToken cancellationToken) =>
        await AnnounceAsync(await store.PutManifestAsync(manifest, cancellationToken), cancellationToken);

    /// <summary>Announces a submission that is about to be closed.</summary>
    public async Task PublishAsync(SubmissionEntry closed, CancellationToken cancellationToken)
    {
        foreach (var announcer in _announcers)
            await announcer.AnnounceAsync(closed, cancellationToken);
    }

    /// <summary>Publishes failures; those whose record is stored are not announced.</summary>
    public async Task PublishAsync(IReadOnlyList<Failure> failures, CancellationToken cancellationToken) =>
        await Parallel.ForEachAsync(
            await store.PutFailuresAsync(failures, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (failure, token) => await AnnounceAsync(failure, token));

    private async Task AnnounceAsync(StoredDocument? document, CancellationToken cancellationToken)
    {
        await using var _ = document;
        if (document is not null)
            foreach (var announcer in _announcers)
                await announcer.AnnounceAsync(document, cancellationToken);
    }
}
