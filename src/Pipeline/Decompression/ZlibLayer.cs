using System.Buffers.Binary;
using System.IO.Compression;

namespace Pipeline.Decompression;

/// <summary>
/// A zlib layer, which servers may send for <c>deflate</c>. It verifies the Adler-32, and nothing may follow it.
/// </summary>
internal sealed class ZlibLayer : Layer
{
    private const int HeaderBytes = 2, TrailerBytes = 4;

    private readonly DeflateSource _source = new();
    private StoredReader _below = null!;
    private DeflateStream? _deflate;
    private Adler32 _sum;

    public override ValueTask OpenAsync(StoredReader below, CancellationToken cancellationToken)
    {
        (_below, _sum) = (below, new());
        below.Take(HeaderBytes);
        _source.Start(below, TrailerBytes, hasMembers: false);
        _deflate = new DeflateStream(_source, CompressionMode.Decompress, leaveOpen: true);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (_deflate is null)
            return 0;
        try
        {
            if (await _deflate.ReadAsync(destination, cancellationToken) is var read and > 0)
            {
                _sum.Append(destination.Span[..read]);
                return read;
            }
        }
        catch (InvalidDataException e)
        {
            throw Damaged("has invalid deflate data", _below, e);
        }
        Dispose();
        await EndAsync(cancellationToken);
        return 0;
    }

    public override void Dispose()
    {
        _deflate?.Dispose();
        _deflate = null;
    }

    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (_source.RanDry)
            throw Damaged("ends inside its compressed data", _below);
        if (_source.LastRead > 1 || !await _below.EnsureAsync(TrailerBytes, cancellationToken)
            || BinaryPrimitives.ReadUInt32BigEndian(_below.Buffered) != _sum.Value)
            throw Damaged("does not match its zlib trailer (Adler-32)", _below);
        _below.Take(TrailerBytes);
        if (await _below.EnsureAsync(1, cancellationToken))
            throw Damaged("has bytes after its zlib data", _below);
    }

    /// <summary>The Adler-32 checksum (RFC 1950, section 8.2).</summary>
    private struct Adler32()
    {
        private const uint Modulus = 65521;

        // The largest number of bytes that can be added before the sums overflow 32 bits.
        private const int BlockBytes = 5552;

        private uint _a = 1;
        private uint _b;

        public readonly uint Value => (_b << 16) | _a;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                var block = bytes[..Math.Min(bytes.Length, BlockBytes)];
                foreach (var b in block)
                    _b += _a += b;
                (_a, _b) = (_a % Modulus, _b % Modulus);
                bytes = bytes[block.Length..];
            }
        }
    }
}
