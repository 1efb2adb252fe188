using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Model;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Records;

/// <summary>A record's blob as a listing tells it.</summary>
internal sealed record RecordMember(string Name, long Bytes, string ETag);

/// <summary>
/// The records of one submission as <c>{list_id}/{submission_id}.ndjson.gz</c>: its members' bytes end to end, in bounded memory, visible once it is
/// whole. What it was made of is kept with it, so that it is made again only when records were added.
/// </summary>
internal sealed class SubmissionFile(RecordBlobs records)
{
    private const int BlockBytes = 4 * 1024 * 1024;
    private const int SmallMember = 256 * 1024;
    private const int MaxParallelReads = 16;
    private const string MembersKey = "members";
    private const string Sha256Key = "sha256";

    public const string Suffix = ".ndjson.gz";

    /// <summary>Makes the file unless it is there as it should be.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="there">What is there; null for nothing.</param>
    /// <param name="members">The records.</param>
    /// <param name="cancellationToken">Stops it; then nothing was written.</param>
    public async Task<RecordLocation> EnsureAsync(string name, BlobItem? there, IReadOnlyList<RecordMember> members, CancellationToken cancellationToken)
    {
        var digest = Digest(members);
        var blob = records.Container.Client.GetBlockBlobClient(name);
        var (bytes, sha256) = there?.Metadata is { } known && known.TryGetValue(MembersKey, out var made) && made == digest && known.TryGetValue(Sha256Key, out var hash)
            ? (there.Properties.ContentLength ?? 0, hash)
            : await WriteAsync(blob, members, digest, cancellationToken);
        return new() { Uri = blob.Uri.GetLeftPart(UriPartial.Path), Bytes = bytes, Records = members.Count, Sha256 = sha256 };
    }

    private async Task<(long Bytes, string Sha256)> WriteAsync(BlockBlobClient blob, IReadOnlyList<RecordMember> members, string digest, CancellationToken cancellationToken)
    {
        // Blocks that are not committed belong to the name and not to a writer: each writer's have names of their own.
        var writer = LedgerTable.NewMark();
        var (ids, bytes, filled) = (new List<string>(), 0L, 0);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            await foreach (var body in ReadAsync(members, cancellationToken))
            {
                int read;
                while ((read = await body.ReadAsync(buffer.AsMemory(filled, BlockBytes - filled), cancellationToken)) > 0)
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

    private async Task<string> StageAsync(BlockBlobClient blob, string writer, int index, ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        var id = Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{writer}-{index:D6}")));
        await records.Container.RunAsync(
            async _ =>
            {
                using var content = new MemoryStream(block.ToArray(), writable: false);
                return await blob.StageBlockAsync(id, content, cancellationToken: cancellationToken);
            },
            cancellationToken);
        return id;
    }

    private async Task CommitAsync(BlockBlobClient blob, List<string> ids, Dictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        try
        {
            await records.Container.RunAsync(
                _ => blob.CommitBlockListAsync(ids, new() { HttpHeaders = new() { ContentType = "application/gzip" }, Metadata = metadata }, cancellationToken), cancellationToken);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidBlockList)
        {
            throw PipelineException.Transient(FailureReasons.Unavailable, $"Somebody else wrote '{blob.Name}' at the same time; it is looked at again.", inner: e);
        }
    }

    /// <summary>The members' bytes in order. Small ones are read some ahead, since each costs a round trip; large ones one at a time, as they come.</summary>
    private async IAsyncEnumerable<Stream> ReadAsync(IReadOnlyList<RecordMember> members, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = new Queue<Task<Stream>>();
        try
        {
            var next = 0;
            foreach (var member in members)
            {
                for (; next < members.Count && ahead.Count < MaxParallelReads && members[next].Bytes <= SmallMember; next++)
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
                _ = unread.ContinueWith(static task => task.IsCompletedSuccessfully ? task.Result.DisposeAsync().AsTask() : Task.FromResult(task.Exception), TaskScheduler.Default);
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
