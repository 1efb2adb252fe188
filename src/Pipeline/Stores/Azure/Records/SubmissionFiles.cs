using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Creates the file of each submission that closes, <c>{list_id}/{submission_id}.ndjson.gz</c>: exactly the records
/// that the ledger names. The file becomes visible once it is complete, and one with more records is never replaced by
/// one with fewer, so several processes may close a submission at the same time.
/// </summary>
internal sealed partial class SubmissionFiles(RecordParts parts, RangeCopy copy, ILogger<SubmissionFiles> logger)
{
    private const int Concurrency = 16;
    private const string OrdinalsKey = "ordinals";
    private const string CountKey = "count";
    private const string Sha256Key = "sha256";

    private static readonly Dictionary<string, string> Unneeded = new() { ["closed"] = "true" };

    private int _hasWarnedOfTags;

    /// <summary>Creates the file of a submission, unless it exists.</summary>
    public async Task CloseAsync(
        string listId, string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        IReadOnlyList<InputEntry> records = [.. inputs.Where(i => i.State == InputState.Recorded)];
        if (records.Count > 0)
            await EnsureAsync(
                listId, submissionId, new(await PlaceAsync(listId, records, cancellationToken)), isOld: false,
                cancellationToken);
        CrashPoint.Pass("sweep.after-compose");
        await ReleasePartsAsync(
            listId, submissionId, inputs.Where(i => i.State == InputState.Moved).Select(i => i.Id), cancellationToken);
    }

    /// <summary>
    /// Returns the files of a list. Creates the file of a submission now if an older version closed it without one.
    /// </summary>
    public async Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(
        string listId, CancellationToken cancellationToken)
    {
        var files = new SortedDictionary<string, RecordLocation?>(StringComparer.Ordinal);
        var listing = parts.Container.ReadAsync(
            c => c.GetBlobsByHierarchyAsync(
                BlobTraits.Metadata, BlobStates.None, "/", $"{listId}/", cancellationToken), cancellationToken);
        await foreach (var item in listing)
        {
            if (item.IsPrefix)
                files.TryAdd(item.Prefix[(listId.Length + 1)..^1], null);
            else if (item.Blob.Name.EndsWith(RecordParts.Suffix, StringComparison.Ordinal))
                files[item.Blob.Name[(listId.Length + 1)..^RecordParts.Suffix.Length]] = Describe(
                    item.Blob.Name, item.Blob.Properties.ContentLength ?? 0, item.Blob.Metadata);
        }

        var locations = new List<RecordLocation>(files.Count);
        foreach (var (submissionId, file) in files)
            if ((file ?? await CloseOldAsync(listId, submissionId, cancellationToken)) is { } location)
                locations.Add(location);
        return locations;
    }

    /// <summary>Creates the file of a submission whose records are single blobs; null if it has none.</summary>
    private async Task<RecordLocation?> CloseOldAsync(
        string listId, string submissionId, CancellationToken cancellationToken)
    {
        var records = new List<InputEntry>();
        await foreach (var (name, blob) in parts.ListAsync(listId, $"{submissionId}/", cancellationToken))
            if (name.EndsWith(RecordParts.SingleSuffix, StringComparison.Ordinal)
                && RecordParts.RecordsOf(name, blob) is [{ } record])
                records.Add(new()
                {
                    SubmissionId = submissionId,
                    Ordinal = records.Count,
                    Id = record.Id,
                    Url = "",
                    Input = "",
                    Line = 0,
                    Place = record.Place,
                });
        return records.Count == 0
            ? null
            : await EnsureAsync(listId, submissionId, new(records), isOld: true, cancellationToken);
    }

    private async Task<RecordLocation?> EnsureAsync(
        string listId, string submissionId, SubmissionLayout layout, bool isOld, CancellationToken cancellationToken)
    {
        var file = submissionId + RecordParts.Suffix;
        var blob = parts.Container.Client.GetBlockBlobClient(RecordParts.NameOf(listId, file));
        var existing = await FindAsync(blob, cancellationToken);
        var held = existing is not null && existing.Metadata.TryGetValue(OrdinalsKey, out var ordinals)
            ? SubmissionLayout.Parse(ordinals)
            : new HashSet<int>();
        if (!layout.Covers(held))
            throw Lost(blob.Name, inner: null);
        if (existing is not null && held.Count == layout.Count)
            return Describe(blob.Name, existing.ContentLength, existing.Metadata);
        var (blocks, bytes, sha256) = await copy.StageAsync(
            blob, listId, layout.RangesFrom(file, held), cancellationToken);
        CrashPoint.Pass("sweep.within-compose");
        Dictionary<string, string> metadata = new() { [CountKey] = $"{layout.Count}" };
        if (!isOld)
            metadata[OrdinalsKey] = layout.Ordinals;
        if (sha256 is not null)
            metadata[Sha256Key] = sha256;
        await CommitAsync(blob, existing?.ETag, blocks, metadata, cancellationToken);
        return Describe(blob.Name, bytes, metadata);
    }

    private async Task<BlobProperties?> FindAsync(BlockBlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            return (await parts.Container.RunAsync(
                _ => blob.GetPropertiesAsync(cancellationToken: cancellationToken), cancellationToken)).Value;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private async Task CommitAsync(
        BlockBlobClient blob, ETag? replaced, IReadOnlyList<string> blocks, Dictionary<string, string> metadata,
        CancellationToken cancellationToken)
    {
        var options = new CommitBlockListOptions
        {
            HttpHeaders = new() { ContentType = RecordParts.GzipType },
            Metadata = metadata,
            Conditions = replaced is { } etag ? new() { IfMatch = etag } : new() { IfNoneMatch = ETag.All },
        };
        try
        {
            await parts.Container.RunAsync(
                _ => blob.CommitBlockListAsync(blocks, options, cancellationToken), cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 || e.ErrorCode == BlobErrorCode.InvalidBlockList)
        {
            throw Lost(blob.Name, e);
        }
    }

    /// <summary>Returns the records with their places, including those that an older version wrote.</summary>
    private async Task<IReadOnlyList<InputEntry>> PlaceAsync(
        string listId, IReadOnlyList<InputEntry> records, CancellationToken cancellationToken)
    {
        if (records.All(i => i.Place is not null))
            return records;
        var single = new Dictionary<string, RecordPlace>(StringComparer.Ordinal);
        await foreach (var (name, blob) in parts.ListAsync(listId, "", cancellationToken))
            if (name.EndsWith(RecordParts.SingleSuffix, StringComparison.Ordinal)
                && RecordParts.RecordsOf(name, blob) is [{ Place: { } place } record])
                single[record.Id] = place;
        return
        [
            .. records.Select(i => i.Place is not null ? i : i with
            {
                Place = single.GetValueOrDefault(i.Id) ?? throw PipelineException.Transient(
                    FailureReasons.Unavailable,
                    $"The record {i.Id} of submission {i.SubmissionId} disappeared from its container. The pipeline "
                        + "never deletes records; check who did."),
            }),
        ];
    }

    /// <summary>
    /// Marks the parts whose records are in the file, so that the account's lifecycle rule may delete them. It never
    /// deletes unmarked parts, however old they are.
    /// </summary>
    private async Task ReleasePartsAsync(
        string listId, string submissionId, IEnumerable<string> moved, CancellationToken cancellationToken)
    {
        var needed = moved.ToHashSet(StringComparer.Ordinal);
        var released = new List<string>();
        await foreach (var (name, blob) in parts.ListAsync(listId, $"{submissionId}/", cancellationToken))
            if (PartIndex.TryRead(name, blob.Metadata, out var records)
                && !records.Exists(r => needed.Contains(r.Id)))
                released.Add(blob.Name);
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(released, options, async (name, token) => await ReleaseAsync(name, token));
    }

    private async Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await parts.Container.RunAsync(
                c => c.GetBlobClient(name).SetTagsAsync(Unneeded, cancellationToken: cancellationToken),
                cancellationToken);
        }
        catch (Exception e)
            when (e is RequestFailedException or PipelineException { Reason: FailureReasons.AccessDenied })
        {
            if (Interlocked.Exchange(ref _hasWarnedOfTags, 1) == 0)
                LogUntagged(e, name);
        }
    }

    private RecordLocation? Describe(string name, long bytes, IDictionary<string, string> metadata) =>
        metadata.TryGetValue(CountKey, out var count) && long.TryParse(count, out var records)
            ? new()
            {
                Uri = parts.Container.Client.GetBlobClient(name).Uri.GetLeftPart(UriPartial.Path),
                Bytes = bytes,
                Records = records,
                Sha256 = metadata.TryGetValue(Sha256Key, out var sha256) ? sha256 : null,
            }
            : null;

    private static PipelineException Lost(string name, Exception? inner) => PipelineException.Transient(
        FailureReasons.Unavailable,
        $"Another process wrote '{name}' at the same time. It will be checked again.",
        inner: inner);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The part {Name} cannot be marked as no longer needed, so the account's lifecycle rule will not delete it. "
        + "Give this identity the role Storage Blob Data Owner on the container 'records'. "
        + "This warning appears once.")]
    private partial void LogUntagged(Exception error, string name);
}
