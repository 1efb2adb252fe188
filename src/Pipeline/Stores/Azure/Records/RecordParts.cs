using System.IO.Compression;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Staging;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Stores the records of a message as one blob, <c>{list_id}/{submission_id}/{part}.ndjson.gz</c>. Each record is a
/// gzip member of one line with its line feed. So a part is a valid gzipped NDJSON file, and so is the range of each
/// record.
/// </summary>
internal sealed class RecordParts(AzureAccount account)
{
    /// <summary>End of the names of parts and of submissions' files.</summary>
    public const string Suffix = ".ndjson.gz";

    /// <summary>End of the names of an older version's blobs, one for each record and named by its id.</summary>
    public const string SingleSuffix = ".json.gz";

    /// <summary>Content type of everything in the container.</summary>
    public const string GzipType = "application/gzip";

    private const int LargestInMemory = 4 << 20;
    private const int BufferBytes = 1 << 16;

    /// <summary>The container of the records.</summary>
    public AzureResource<BlobContainerClient> Container { get; } = account.Container(AzureNames.RecordsContainer);

    /// <summary>Writes a part unless it exists. Returns what it holds, in the order of the given records.</summary>
    public async Task<IReadOnlyList<StoredRecord>> PutAsync(
        string part, IReadOnlyList<StagedRecord> records, CancellationToken cancellationToken)
    {
        var name = $"{records[0].SubmissionId}/{part}{Suffix}";
        await using var content = CreateBuffer(records.Sum(r => r.Bytes));
        var written = await CompressAsync(name, records, content, cancellationToken);
        content.Position = 0;
        if (await BlobUpload.WriteNewAsync(
            Container, NameOf(records[0].ListId, name), content, GzipType, cancellationToken,
            PartIndex.Write(written)))
            return written;

        // This part was written before, perhaps with other times in its records: the stored bytes count.
        var stored = await ReadIndexAsync(records[0].ListId, name, cancellationToken);
        return [.. records.Select(r => stored.GetValueOrDefault(r.Id) ?? throw Strange(name, r.Id))];
    }

    /// <summary>
    /// Returns the blobs of a folder with their metadata and their names below the folder of the list.
    /// </summary>
    /// <param name="listId">The list.</param>
    /// <param name="folder">Start of the names: empty for the whole list, or <c>{submission_id}/</c>.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    public async IAsyncEnumerable<(string Name, BlobItem Blob)> ListAsync(
        string listId, string folder,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefix = NameOf(listId, folder);
        await foreach (var blob in Container.ReadAsync(
            c => c.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix, cancellationToken), cancellationToken))
            yield return (blob.Name[(listId.Length + 1)..], blob);
    }

    /// <summary>Returns the records in a blob of a listing: of a part, or the one of an older version.</summary>
    public static IReadOnlyList<StoredRecord> RecordsOf(string name, BlobItem blob)
    {
        if (PartIndex.TryRead(name, blob.Metadata, out var records))
            return records;
        return name.EndsWith(SingleSuffix, StringComparison.Ordinal)
            ? [new(IdOf(name), new(name, 0, blob.Properties.ContentLength ?? 0))]
            : [];
    }

    /// <summary>Returns the full name of a blob.</summary>
    public static string NameOf(string listId, string name) => $"{listId}/{name}";

    private static string IdOf(string name) => name[(name.LastIndexOf('/') + 1)..^SingleSuffix.Length];

    private static async Task<IReadOnlyList<StoredRecord>> CompressAsync(
        string name, IReadOnlyList<StagedRecord> records, Stream content, CancellationToken cancellationToken)
    {
        var written = new List<StoredRecord>(records.Count);
        foreach (var record in records)
        {
            var offset = content.Position;
            await using (var gzip = new GZipStream(content, CompressionLevel.Fastest, leaveOpen: true))
            {
                await record.CopyToAsync(gzip, cancellationToken);
                gzip.WriteByte((byte)'\n');
            }

            RecordPlace place = new(name, offset, content.Position - offset);
            written.Add(new(record.Id, place, record.HttpStatus, record.ContentDigest));
        }

        return written;
    }

    private async Task<IReadOnlyDictionary<string, StoredRecord>> ReadIndexAsync(
        string listId, string name, CancellationToken cancellationToken)
    {
        var found = await Container.RunAsync(
            c => c.GetBlobClient(NameOf(listId, name)).GetPropertiesAsync(cancellationToken: cancellationToken),
            cancellationToken);
        return PartIndex.TryRead(name, found.Value.Metadata, out var records)
            ? records.ToDictionary(r => r.Id, StringComparer.Ordinal)
            : new();
    }

    private static PipelineException Strange(string name, string id) => PipelineException.Transient(
        FailureReasons.Unavailable,
        $"The part '{name}' exists, but does not say that it holds record {id}. The pipeline did not write it that "
            + "way: check who did, and delete it.");

    private static Stream CreateBuffer(long bytes) => bytes <= LargestInMemory
        ? new MemoryStream()
        : new BufferedStream(PrivateFiles.CreateTemporary(Path.GetTempPath(), FileOptions.Asynchronous), BufferBytes);
}
