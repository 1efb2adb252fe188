using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Model;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Records;

/// <summary>A record's blob in a listing.</summary>
internal sealed record RecordMember(string Name, long Bytes, string ETag);

/// <summary>
/// Writes the records of one submission to <c>{list_id}/{submission_id}.ndjson.gz</c> by concatenating their members,
/// in bounded memory. The file becomes visible once it is complete. Its metadata holds a digest of its members, so it
/// is written again only after records were added.
/// </summary>
internal sealed class SubmissionFile(RecordBlobs records)
{
    private const int BlockBytes = 4 * 1024 * 1024;
    private const int SmallMember = 256 * 1024;
    private const int MaxParallelReads = 16;
    private const string MembersKey = "members";
    private const string Sha256Key = "sha256";

    public const string Suffix = ".ndjson.gz";

    /// <summary>Writes the file unless an existing one has the same members.</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="existing">The existing file; null for none.</param>
    /// <param name="members">The records.</param>
    /// <param name="cancellationToken">Stops the writing; then nothing is written.</param>
    public async Task<RecordLocation> EnsureAsync(
        string name, BlobItem? existing, IReadOnlyList<RecordMember> members, CancellationToken cancellationToken)
    {
        var digest = Digest(members);
        var blob = records.Container.Client.GetBlockBlobClient(name);
        var (bytes, sha256) = IsOf(digest, existing?.Metadata, out var hash)
            ? (existing!.Properties.ContentLength ?? 0, hash)
            : await WriteAsync(blob, members, digest, cancellationToken);
        return new()
        {
            Uri = blob.Uri.GetLeftPart(UriPartial.Path),
            Bytes = bytes,
            Records = members.Count,
            Sha256 = sha256,
        };
    }

    /// <summary>Whether the metadata belongs to a file with these members. Also returns the file's SHA-256.</summary>
    private static bool IsOf(
        string digest, IDictionary<string, string>? metadata, [NotNullWhen(true)] out string? sha256)
    {
        sha256 = null;
        return metadata is not null
            && metadata.TryGetValue(MembersKey, out var members)
            && members == digest
            && metadata.TryGetValue(Sha256Key, out sha256);
    }

    private async Task<(long Bytes, string Sha256)> WriteAsync(
        BlockBlobClient blob, IReadOnlyList<RecordMember> members, string digest, CancellationToken cancellationToken)
    {
        // Concurrent writers share a blob's uncommitted blocks, so each writer uses its own block ids.
        var writer = LedgerTable.NewMark();
        var (ids, bytes, filled) = (new List<string>(), 0L, 0);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            await foreach (var body in ReadAsync(members, cancellationToken))
            {
                int read;
                while ((read = await body.ReadAsync(buffer.AsMemory(filled, BlockBytes - filled), cancellationToken))
                    > 0)
                {
                    sha256.AppendData(buffer, filled, read);
                    (filled, bytes) = (filled + read, bytes + read);
                    if (filled < BlockBytes)
                        continue;
                    ids.Add(await StageAsync(blob, writer, ids.Count, buffer.AsMemory(0, filled), cancellationToken));
                    filled = 0;
                }
            }
            if (filled > 0)
                ids.Add(await StageAsync(blob, writer, ids.Count, buffer.AsMemory(0, filled), cancellationToken));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        var hash = Convert.ToHexStringLower(sha256.GetCurrentHash());
        await CommitAsync(blob, ids, new() { [MembersKey] = digest, [Sha256Key] = hash }, cancellationToken);
        return (bytes, hash);
    }

    private async Task<string> StageAsync(
        BlockBlobClient blob, string writer, int index, ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        var id = Convert.ToBase64String(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{writer}-{index:D6}")));
        await records.Container.RunAsync(
            async _ =>
            {
                using var content = new MemoryStream(block.ToArray(), writable: false);
                return await blob.StageBlockAsync(id, content, cancellationToken: cancellationToken);
            },
            cancellationToken);
        return id;
    }

    private async Task CommitAsync(
        BlockBlobClient blob, List<string> ids, Dictionary<string, string> metadata,
        CancellationToken cancellationToken)
    {
        try
        {
            await records.Container.RunAsync(
                _ =>
                    blob.CommitBlockListAsync(
                        ids, new() { HttpHeaders = new() { ContentType = "application/gzip" }, Metadata = metadata },
                        cancellationToken),
                    cancellationToken);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidBlockList)
        {
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"Another process wrote '{blob.Name}' at the same time. It will be checked again.",
                inner: e);
        }
    }

    /// <summary>
    /// Reads the members in order. Reads small ones ahead, since each costs a round trip, and streams large ones one at
    /// a time.
    /// </summary>
    private async IAsyncEnumerable<Stream> ReadAsync(
        IReadOnlyList<RecordMember> members,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = new Queue<Task<Stream>>();
        try
        {
            var next = 0;
            foreach (var member in members)
            {
                for (; next < members.Count && ahead.Count < MaxParallelReads
                    && members[next].Bytes <= SmallMember; next++)
                    ahead.Enqueue(records.ReadAsync(members[next].Name, cancellationToken));
                if (ahead.TryDequeue(out var small))
                {
                    await using var body = await small;
                    yield return body;
                    continue;
                }
                await using var stored = await records.OpenAsync(member.Name, cancellationToken);
                yield return stored.Body;
                next++;
            }
        }
        finally
        {
            foreach (var unread in ahead)
                _ = unread.ContinueWith(
                    static task =>
                        task.IsCompletedSuccessfully
                            ? task.Result.DisposeAsync().AsTask()
                            : Task.FromResult(task.Exception),
                    TaskScheduler.Default);
        }
    }

    private static string Digest(IReadOnlyList<RecordMember> members)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var member in members)
            sha256.AppendData(Encoding.UTF8.GetBytes($"{member.Name}\n{member.ETag}\n"));
        return Convert.ToHexStringLower(sha256.GetCurrentHash());
    }
}
