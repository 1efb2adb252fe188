using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>
/// Stores failures and manifests, and announces what is stored. Publishing again repairs a crash in between: the store
/// keeps the first bytes of an id, and those are announced.
/// </summary>
internal sealed class Publisher(
    IRecordStore store, IEnumerable<IRecordAnnouncer> announcers, IOptions<PipelineOptions>? options = null)
{
    private const int Concurrency = 16;

    // Far more records than the messages that may be redelivered at the same time have. A forgotten record is announced
    // once more.
    private const int Kept = 50_000;

    private readonly IReadOnlyList<IRecordAnnouncer> _announcers = [.. announcers];
    private readonly SeriesEmit _emit = options?.Value.Series.Emit ?? SeriesEmit.All;
    private readonly AsyncCache<bool> _announced = new(Kept);

    /// <summary>
    /// Announces records that the ledger has, except those without a place. A record that did not change since the last
    /// run is announced only if the settings announce all.
    /// </summary>
    public async Task AnnounceAsync(
        SubmissionEntry submission, IEnumerable<InputEntry> recorded, CancellationToken cancellationToken)
    {
        if (_announcers.Count == 0)
            return;
        var parts = recorded
            .Where(i => i is { State: InputState.Recorded, Place: not null } && !IsSilent(i))
            .GroupBy(i => i.Place!.Part);
        foreach (var part in parts)
        {
            if (store.LocatePart(submission.ListId, part.Key) is not { } address)
                continue;
            List<InputEntry> inputs = [.. part.OrderBy(i => i.Place!.Offset)];
            var stored = new StoredPart(
                submission.ListId, submission.SubmissionId, address, inputs.ConvertAll(Describe));
            foreach (var announcer in _announcers)
                await announcer.AnnounceAsync(stored, cancellationToken);
            foreach (var input in inputs)
                _announced.Set(input.Id, true);
        }
    }

    /// <summary>
    /// Announces records whose worker may have been killed before it announced them, unless this process has announced
    /// them.
    /// </summary>
    public Task AnnounceAgainAsync(
        SubmissionEntry submission, IEnumerable<InputEntry> recorded, CancellationToken cancellationToken) =>
        AnnounceAsync(submission, recorded.Where(i => !_announced.TryGet(i.Id, out _)), cancellationToken);

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

    private static AnnouncedRecord Describe(InputEntry input) => new(
        input.Id, input.Url, input.HttpStatus, input.Place!.Offset, input.Place.Length, input.ContentDigest,
        input.Series?.Change?.ToString().ToLowerInvariant());

    private bool IsSilent(InputEntry input) =>
        _emit == SeriesEmit.Changed && input.Series?.Change == RecordChange.Same;

    private async Task AnnounceAsync(StoredDocument? document, CancellationToken cancellationToken)
    {
        await using var _ = document;
        if (document is not null)
            foreach (var announcer in _announcers)
                await announcer.AnnounceAsync(document, cancellationToken);
    }
}
