using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Copies ranges of blobs to the blocks of another blob, without decompressing them and in bounded memory. Small ranges
/// are read and written together, because a read costs a tenth of a write. The service itself copies ranges of at least
/// a block (Put Block From URL), unless it cannot: older emulators do not support it, and a firewall may prevent it.
/// </summary>
internal sealed class RangeCopy(RecordParts parts, AzureAccount account, TimeProvider time)
{
    /// <summary>Size of a block, and of the smallest range that the service copies, in bytes.</summary>
    internal const int BlockBytes = 4 * 1024 * 1024;

    private const long CopiedBytes = 100 * 1024 * 1024;
    private const long MaxBytesAhead = 4L * BlockBytes;
    private const int MaxReadsAhead = 16;

    private static readonly TimeSpan SignatureLifetime = TimeSpan.FromHours(1);
    private static readonly TokenRequestContext Scope = new(["https://storage.azure.com/.default"]);

    private volatile bool _serviceCannot;

    /// <summary>Stages the ranges, in order, as uncommitted blocks of a blob.</summary>
    /// <returns>
    /// The ids of the blocks, the number of bytes, and their SHA-256 in lower-case hex; null if the service copied some
    /// of them, because this process never saw those.
    /// </returns>
    public async Task<(IReadOnlyList<string> Blocks, long Bytes, string? Sha256)> StageAsync(
        BlockBlobClient blob, string listId, IReadOnlyList<SourceRange> ranges, CancellationToken cancellationToken)
    {
        using var blocks = new Blocks(this, parts, blob);
        List<SourceRange> read = [];
        foreach (var range in ranges)
        {
            if (_serviceCannot || range.Length < BlockBytes)
            {
                read.Add(range);
                continue;
            }

            foreach (var piece in Cut([range], CopiedBytes))
            {
                await AppendAsync(blocks, listId, read, cancellationToken);
                read.Clear();
                if (!await TryCopyAsync(blocks, listId, piece, cancellationToken))
                    read.Add(piece);
            }
        }

        await AppendAsync(blocks, listId, read, cancellationToken);
        await blocks.FlushAsync(cancellationToken);
        return (blocks.Ids, blocks.Bytes, blocks.Sha256);
    }

    private async Task AppendAsync(
        Blocks blocks, string listId, IReadOnlyList<SourceRange> ranges, CancellationToken cancellationToken)
    {
        await foreach (var bytes in ReadAsync(listId, Cut(ranges, BlockBytes), cancellationToken))
            await blocks.AppendAsync(bytes, cancellationToken);
    }

    /// <summary>Reads pieces in order, and some of them ahead, because each costs a round trip.</summary>
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        string listId, List<SourceRange> pieces,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = new Queue<Task<ReadOnlyMemory<byte>>>();
        try
        {
            var (next, bytesAhead) = (0, 0L);
            for (var i = 0; i < pieces.Count; i++)
            {
                for (; next < pieces.Count && (next == i
                    || (ahead.Count < MaxReadsAhead && bytesAhead + pieces[next].Length <= MaxBytesAhead)); next++)
                {
                    ahead.Enqueue(ReadAsync(listId, pieces[next], cancellationToken));
                    bytesAhead += pieces[next].Length;
                }

                yield return await ahead.Dequeue();
                bytesAhead -= pieces[i].Length;
            }
        }
        finally
        {
            await ((Task)Task.WhenAll(ahead)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(
        string listId, SourceRange piece, CancellationToken cancellationToken)
    {
        var options = new BlobDownloadOptions
        {
            Range = new(piece.Offset, piece.Length),
            TransferValidation = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        };
        var name = RecordParts.NameOf(listId, piece.Name);
        var read = await parts.Container.RunAsync(
            c => c.GetBlobClient(name).DownloadContentAsync(options, cancellationToken), cancellationToken);
        var bytes = read.Value.Content.ToMemory();
        return bytes.Length == piece.Length
            ? bytes
            : throw new InvalidOperationException(
                $"'{piece.Name}' has {bytes.Length} bytes from {piece.Offset}, not {piece.Length}.");
    }

    /// <summary>Lets the service copy a piece; false if it cannot, and the piece must be read instead.</summary>
    private async Task<bool> TryCopyAsync(
        Blocks blocks, string listId, SourceRange piece, CancellationToken cancellationToken)
    {
        if (_serviceCannot)
            return false;
        await blocks.FlushAsync(cancellationToken);
        try
        {
            var source = parts.Container.Client.GetBlobClient(RecordParts.NameOf(listId, piece.Name));
            await blocks.CopyAsync(source, piece, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            // An overloaded service may copy the next piece. After any other error, it would refuse again.
            _serviceCannot |= e is RequestFailedException { Status: (>= 400 and < 500 and not 429) or 501 };
            return false;
        }
    }

    private static List<SourceRange> Cut(IReadOnlyList<SourceRange> ranges, long size)
    {
        var pieces = new List<SourceRange>(ranges.Count);
        foreach (var range in ranges)
            for (var at = 0L; at < range.Length; at += size)
                pieces.Add(new(range.Name, range.Offset + at, Math.Min(size, range.Length - at)));
        return pieces;
    }

    private async Task<StageBlockFromUriOptions> AuthorizeAsync(
        SourceRange piece, CancellationToken cancellationToken) => new()
    {
        SourceRange = new(piece.Offset, piece.Length),
        SourceAuthentication = account.Credential is { } credential
            ? new HttpAuthorization("Bearer", (await credential.GetTokenAsync(Scope, cancellationToken)).Token)
            : null,
    };

    private Uri AddressOf(BlobClient source) => source.CanGenerateSasUri
        ? source.GenerateSasUri(BlobSasPermissions.Read, time.GetUtcNow() + SignatureLifetime)
        : source.Uri;

    /// <summary>The blocks of a blob that is being written.</summary>
    private sealed class Blocks(RangeCopy copy, RecordParts parts, BlockBlobClient blob) : IDisposable
    {
        // Concurrent writers share a blob's uncommitted blocks, so each writer uses its own block ids.
        private readonly string _writer = LedgerTable.NewMark();
        private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly MemoryStream _pending = new();
        private bool _isCopied;

        public List<string> Ids { get; } = [];

        public long Bytes { get; private set; }

        public string? Sha256 => _isCopied ? null : Convert.ToHexStringLower(_sha256.GetCurrentHash());

        public async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            if (_pending.Length + bytes.Length > BlockBytes)
                await FlushAsync(cancellationToken);
            _pending.Write(bytes.Span);
            _sha256.AppendData(bytes.Span);
            Bytes += bytes.Length;
        }

        public async Task FlushAsync(CancellationToken cancellationToken)
        {
            if (_pending.Length == 0)
                return;
            var id = NextId();
            await parts.Container.RunAsync(
                _ =>
                {
                    var content = new MemoryStream(_pending.GetBuffer(), 0, (int)_pending.Length, writable: false);
                    return blob.StageBlockAsync(id, content, cancellationToken: cancellationToken);
                },
                cancellationToken);
            Ids.Add(id);
            _pending.SetLength(0);
        }

        public async Task CopyAsync(BlobClient source, SourceRange piece, CancellationToken cancellationToken)
        {
            var id = NextId();
            await blob.StageBlockFromUriAsync(
                copy.AddressOf(source), id, await copy.AuthorizeAsync(piece, cancellationToken), cancellationToken);
            Ids.Add(id);
            _isCopied = true;
            Bytes += piece.Length;
        }

        public void Dispose()
        {
            _sha256.Dispose();
            _pending.Dispose();
        }

        private string NextId() => Convert.ToBase64String(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_writer}-{Ids.Count:D6}")));
    }
}
