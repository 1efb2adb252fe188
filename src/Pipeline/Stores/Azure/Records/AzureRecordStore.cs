using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Staging;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Writes each record as an immutable blob, a gzip member; failures and manifests as JSON blobs. The blobs are the
/// source of truth.
/// </summary>
internal sealed class AzureRecordStore(AzureAccount account, RecordBlobs records) : IRecordStore, IManifestReader
{
    private const int Concurrency = 16;
    private const string JsonType = "application/json";

    private readonly AzureResource<BlobContainerClient> _failures = account.Container(AzureNames.FailuresContainer);
    private readonly AzureResource<BlobContainerClient> _manifests = account.Container(AzureNames.ManifestsContainer);
    private readonly SubmissionFile _files = new(records);

    /// <inheritdoc/>
    public async Task<StoredDocument?> PutRecordAsync(StagedRecord record, CancellationToken cancellationToken)
    {
        var name = RecordBlobs.NameOf(record.ListId, record.SubmissionId, record.Id);
        var member = await RecordBlobs.CompressAsync(record, cancellationToken);
        try
        {
            if (!await records.WriteNewAsync(name, member, cancellationToken))
            {
                // The first writer may have crashed before it announced the record, so the stored bytes are announced
                // again.
                await member.DisposeAsync();
                member = await records.ReadAsync(name, cancellationToken);
            }
            await RemoveFailureAsync(record.ListId, record.Id, cancellationToken);
            return new(DocumentKind.Record, record.Id, records.Container.Client.GetBlobClient(name).Uri, member);
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredDocument>> PutFailuresAsync(
        IReadOnlyList<Failure> failures, CancellationToken cancellationToken)
    {
        var stored = new ConcurrentBag<StoredDocument>();
        await Parallel.ForEachAsync(
            failures.DistinctBy(failure => (failure.ListId, failure.Id)),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (failure, token) =>
            {
                if (await PutAsync(failure, token) is { } document)
                    stored.Add(document);
            });
        return [.. stored];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlySet<string>> FindRecordsAsync(
        string listId, string submissionId, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var found = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = Concurrency,
            CancellationToken = cancellationToken },
            async (id, token) =>
        {
            if (await ExistsAsync(RecordBlobs.NameOf(listId, submissionId, id), token))
                found.Add(id);
        });
        return found.ToHashSet();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(
        string listId, CancellationToken cancellationToken)
    {
        var locations = new List<RecordLocation>();
        await foreach (var (name, file, members) in ReadSubmissionsAsync(listId, cancellationToken))
        {
            if (members.Count > 0)
                locations.Add(await _files.EnsureAsync(name + SubmissionFile.Suffix, file, members, cancellationToken));
        }
        return locations;
    }

    /// <summary>Groups the listing of a list's blobs by submission: its file, if it has one, and its records.</summary>
    private async IAsyncEnumerable<(string Name, BlobItem? File, IReadOnlyList<RecordMember> Members)>
        ReadSubmissionsAsync(string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (name, file, members) = ("", (BlobItem?)null, new List<RecordMember>());
        await foreach (var blob in records.Container.ReadAsync(
            c =>
                c.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, $"{listId}/", cancellationToken),
                cancellationToken))
        {
            // The listing has a submission's file just before its records, because '.' sorts before '/'.
            var isFile = blob.Name.EndsWith(SubmissionFile.Suffix, StringComparison.Ordinal);
            var submission = isFile
                ? blob.Name[..^SubmissionFile.Suffix.Length]
                : blob.Name[..blob.Name.LastIndexOf('/')];
            if (submission != name)
            {
                yield return (name, file, members);
                (name, file, members) = (submission, null, []);
            }
            if (isFile)
                file = blob;
            else
                members.Add(new(blob.Name, blob.Properties.ContentLength ?? 0, blob.Properties.ETag.ToString() ?? ""));
        }
        yield return (name, file, members);
    }

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

    /// <summary>
    /// Writes the failure before looking for a record, so that of a concurrent record and failure only the record
    /// stays: whoever writes second sees the other and removes the failure.
    /// </summary>
    private async Task<StoredDocument?> PutAsync(Failure failure, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(failure, PipelineJson.Plain.Failure);
        var name = FailureName(failure.ListId, failure.Id);
        await WriteAsync(_failures, name, json, cancellationToken);
        if (!await ExistsAsync(RecordBlobs.NameOf(failure.ListId, failure.SubmissionId, failure.Id), cancellationToken))
            return Stored(DocumentKind.Failure, failure.Id, _failures, name, json);
        await RemoveFailureAsync(failure.ListId, failure.Id, cancellationToken);
        return null;
    }

    private static StoredDocument Stored(
        DocumentKind kind, string id, AzureResource<BlobContainerClient> container, string name, byte[] json) =>
        new(kind, id, container.Client.GetBlobClient(name).Uri, new MemoryStream(json, writable: false));

    private async Task<bool> ExistsAsync(string record, CancellationToken cancellationToken) =>
        await records.Container.RunAsync(
            c => c.GetBlobClient(record).ExistsAsync(cancellationToken), cancellationToken);

    private async Task RemoveFailureAsync(string listId, string id, CancellationToken cancellationToken)
    {
        try
        {
            await _failures.RunAsync(
                c => c.GetBlobClient(FailureName(listId, id)).DeleteIfExistsAsync(cancellationToken: cancellationToken),
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

    private static string FailureName(string listId, string id) => $"{listId}/{id}.json";
}
