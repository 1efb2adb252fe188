using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Intake.Reading;

/// <summary>
/// Decompresses a gzip list and verifies length and checksum at its end. <see cref="GZipStream"/> accepts a truncated
/// file without an error, so the URLs after the cut would be lost silently.
/// </summary>
/// <param name="compressed">The rest of the file, after <paramref name="head"/>.</param>
/// <param name="head">The bytes that were already read from the file.</param>
/// <param name="maxRatio">Maximum expansion, as a multiple of the file's size. Checked above 1 MiB of output.</param>
internal sealed class GzipListStream(Stream compressed, ReadOnlyMemory<byte> head, int maxRatio) : ForwardStream
{
    private const int TrailerBytes = 8;
    private const long RatioFrom = 1 << 20;

    private readonly Tail _tail = new(compressed, head);
    private readonly Crc32 _crc = new();
    private GZipStream? _gzip;
    private long _length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            _gzip ??= new GZipStream(_tail, CompressionMode.Decompress);
            var read = await _gzip.ReadAsync(buffer, cancellationToken);
            _crc.Append(buffer.Span[..read]);
            _length += read;
            if (_length > RatioFrom && _length / maxRatio > _tail.Length)
                throw Bomb();
            if (read == 0 && buffer.Length > 0)
                Check();
            return read;
        }
        catch (InvalidDataException error)
        {
            throw Damaged(error);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_gzip is not null)
            await _gzip.DisposeAsync();
        await _tail.DisposeAsync();
        await base.DisposeAsync();
    }

    private void Check()
    {
        var trailer = _tail.Last;
        if (
            trailer.Length < TrailerBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(trailer) != _crc.GetCurrentHashAsUInt32()
            || BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) != (uint)_length
        )
        {
            throw Damaged(null);
        }
    }

    private PipelineException Bomb() =>
        PipelineException.Permanent(
            FailureReasons.LimitExceeded,
            $"The gzip file of this list expands to more than {maxRatio:N0} times its size (Intake:MaxRatio). Send it "
                + "uncompressed, or raise the setting."
        );

    private static PipelineException Damaged(Exception? error) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            "The gzip file of this list is damaged, truncated, or a concatenation of several gzip files. Compress the "
                + "list again in one piece, or send it uncompressed.",
            error
        );

    /// <summary>
    /// Passes bytes through and keeps the last eight: a gzip file ends with its checksum and its length.
    /// </summary>
    private sealed class Tail(Stream inner, ReadOnlyMemory<byte> head) : ForwardStream
    {
        private readonly byte[] _last = new byte[TrailerBytes];
        private ReadOnlyMemory<byte> _head = head;
        private int _count;
        private long _length;

        public override long Length => _length;

        public ReadOnlySpan<byte> Last => _last.AsSpan(0, _count);

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            var read = Math.Min(_head.Length, buffer.Length);
            _head[..read].CopyTo(buffer);
            _head = _head[read..];
            if (read == 0)
                read = await inner.ReadAsync(buffer, cancellationToken);
            _length += read;
            Remember(buffer.Span[..read]);
            return read;
        }

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await base.DisposeAsync();
        }

        private void Remember(ReadOnlySpan<byte> bytes)
        {
            bytes = bytes[Math.Max(0, bytes.Length - TrailerBytes)..];
            var kept = Math.Min(_count, TrailerBytes - bytes.Length);
            _last.AsSpan(_count - kept, kept).CopyTo(_last);
            bytes.CopyTo(_last.AsSpan(kept));
            _count = kept + bytes.Length;
        }
    }
}
