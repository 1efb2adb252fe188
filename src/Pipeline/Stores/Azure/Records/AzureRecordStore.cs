using System.Collections.Concurrent;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Staging;
using Pipeline.Stores.Keeping;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Writes the records of a message as one immutable part, those of a closed submission as one file, and failures and
/// manifests as JSON blobs.
/// </summary>
internal sealed class AzureRecordStore(
    AzureAccount account, RecordParts parts, SubmissionFiles files, RecentRestore restores)
    : IRecordStore, IManifestReader
{
    private const int Concurrency = 16;
    private const string JsonType = "application/json";

    private readonly AzureResource<BlobContainerClient> _failures = account.Container(AzureNames.FailuresContainer);
    private readonly AzureResource<BlobContainerClient> _manifests = account.Container(AzureNames.ManifestsContainer);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredRecord>> PutRecordsAsync(
        string part, IReadOnlyList<StagedRecord> records, CancellationToken cancellationToken)
    {
        if (await restores.FindAsync(cancellationToken) is null)
            return await parts.PutAsync(part, records, cancellationToken);
        // A restored ledger has forgotten records that consumers may already have: the bytes that they have count.
        var stored = new Dictionary<string, StoredRecord>(
            await FindRecordsAsync(
                records[0].ListId, records[0].SubmissionId, [.. records.Select(r => r.Id)], cancellationToken),
            StringComparer.Ordinal);
        if (records.Where(r => !stored.ContainsKey(r.Id)).ToList() is { Count: > 0 } others)
            foreach (var record in await parts.PutAsync(part, others, cancellationToken))
                stored[record.Id] = record;
        return [.. records.Select(r => stored[r.Id])];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredDocument>> PutFailuresAsync(
        IReadOnlyList<Failure> failures, CancellationToken cancellationToken)
    {
        List<Failure> distinct = [.. failures.DistinctBy(failure => (failure.ListId, failure.Id))];
        var stored = new ConcurrentDictionary<string, StoredDocument>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(distinct, Limited(cancellationToken), async (failure, token) =>
            stored[failure.Id] = await PutAsync(failure, token));
        // Write failures before looking for records, so that of a concurrent record and failure only the record
        // remains: the second writer sees the other's and removes the failure.
        foreach (var submission in distinct.GroupBy(failure => (failure.ListId, failure.SubmissionId)))
        {
            var (listId, submissionId) = submission.Key;
            var recorded = await FindRecordsAsync(
                listId, submissionId, [.. submission.Select(failure => failure.Id)], cancellationToken);
            await RemoveFailuresAsync(listId, [.. recorded.Keys], cancellationToken);
            foreach (var id in recorded.Keys)
                stored.TryRemove(id, out _);
        }

        return [.. stored.Values];
    }

    /// <inheritdoc/>
    public Task RemoveFailuresAsync(string listId, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(ids, Limited(cancellationToken), async (id, token) =>
            await RemoveFailureAsync(FailureName(listId, id), token));

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, StoredRecord>> FindRecordsAsync(
        string listId, string submissionId, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, StoredRecord>(StringComparer.Ordinal);
        if (ids.Count == 0)
            return found;
        var wanted = ids.ToHashSet(StringComparer.Ordinal);
        // A restored ledger may have forgotten that its inputs were posted again, by a submission whose id extends this
        // one.
        var folder = await restores.FindAsync(cancellationToken) is null ? $"{submissionId}/" : submissionId;
        // If two workers stored the same record, the older one is more likely to have been announced.
        var blobs = await parts.ListAsync(listId, folder, cancellationToken).ToListAsync(cancellationToken);
        foreach (var (name, blob) in blobs.OrderBy(b => b.Blob.Properties.CreatedOn ?? DateTimeOffset.MaxValue))
            foreach (var record in RecordParts.RecordsOf(name, blob))
                if (wanted.Contains(record.Id))
                    found.TryAdd(record.Id, record);
        return found;
    }

    /// <inheritdoc/>
    public Uri? LocatePart(string listId, string part) =>
        parts.Container.Client.GetBlobClient(RecordParts.NameOf(listId, part)).Uri;

    /// <inheritdoc/>
    public async Task CloseSubmissionAsync(
        string listId, string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        // An input that failed after the backup may have its record now, and the restored ledger does not know that
        // failure.
        if (await restores.FindAsync(cancellationToken) is not null)
            await RemoveFailuresAsync(
                listId, [.. inputs.Where(i => i.State == InputState.Recorded).Select(i => i.Id)], cancellationToken);
        await files.CloseAsync(listId, submissionId, inputs, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(string listId, CancellationToken cancellationToken) =>
        files.GetLocationsAsync(listId, cancellationToken);

    /// <inheritdoc/>
    public async Task<StoredDocument?> PutManifestAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(manifest, PipelineJson.Plain.Manifest);
        var name = $"{manifest.ListId}.json";
        await WriteAsync(_manifests, name, json, cancellationToken);
        return Stored(DocumentKind.Manifest, manifest.ListId, _manifests, name, json);
    }

    /// <inheritdoc/>
    public async Task<Manifest?> ReadManifestAsync(string listId, CancellationToken cancellationToken)
    {
        try
        {
            var found = await _manifests.RunAsync(
                c => c.GetBlobClient($"{listId}.json").DownloadContentAsync(cancellationToken), cancellationToken);
            return ManifestText.Read(found.Value.Content.ToMemory().Span);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private async Task<StoredDocument> PutAsync(Failure failure, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(failure, PipelineJson.Plain.Failure);
        var name = FailureName(failure.ListId, failure.Id);
        await WriteAsync(_failures, name, json, cancellationToken);
        return Stored(DocumentKind.Failure, failure.Id, _failures, name, json);
    }

    private static StoredDocument Stored(
        DocumentKind kind, string id, AzureResource<BlobContainerClient> container, string name, byte[] json) =>
        new(kind, id, container.Client.GetBlobClient(name).Uri, new MemoryStream(json, writable: false));

    private async Task RemoveFailureAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await _failures.RunAsync(
                c => c.GetBlobClient(name).DeleteIfExistsAsync(cancellationToken: cancellationToken),
                cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
        }
    }

    private static async Task WriteAsync(
        AzureResource<BlobContainerClient> container, string name, byte[] json, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(json, writable: false);
        await BlobUpload.WriteAsync(container, name, content, JsonType, cancellationToken);
    }

    private static ParallelOptions Limited(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };

    private static string FailureName(string listId, string id) => $"{listId}/{id}.json";
}
