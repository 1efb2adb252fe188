using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Pipeline.Model;

namespace Pipeline.Decompression;

/// <summary>
/// A gzip layer. It verifies CRC-32 and length of every member, and can be reopened for another object.
/// </summary>
/// <remarks>
/// <see cref="GZipStream"/> accepts truncated, empty and trailer-less input and ignores trailing bytes. This class
/// therefore reads header and trailer itself and leaves only the deflate data to <see cref="DeflateStream"/>.
/// </remarks>
internal sealed class GzipLayer : Layer
{
    private const int TrailerBytes = 8;

    // Every member costs the set-up of a decompressor, even an empty one.
    private const int MaxMembers = 100_000;

    private readonly DeflateSource _source = new();
    private readonly Crc32 _crc = new();
    private StoredReader _below = null!;
    private DeflateStream? _deflate;
    private uint _memberBytes;
    private int _members;

    public override ValueTask OpenAsync(StoredReader below, CancellationToken cancellationToken)
    {
        (_below, _members) = (below, 0);
        return OpenMemberAsync(cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (_deflate is not null)
        {
            var read = await InflateAsync(_deflate, destination, cancellationToken);
            if (read > 0)
            {
                _crc.Append(destination.Span[..read]);
                _memberBytes = unchecked(_memberBytes + (uint)read);
                return read;
            }
            await EndMemberAsync(cancellationToken);
        }
        return 0;
    }

    public override void Dispose()
    {
        _deflate?.Dispose();
        _deflate = null;
    }

    private async ValueTask OpenMemberAsync(CancellationToken cancellationToken)
    {
        if (++_members > MaxMembers)
            throw PipelineException.Permanent(
                FailureReasons.LimitExceeded, $"A gzip file has more than {MaxMembers} members.");
        await GzipHeader.ReadAsync(_below, cancellationToken);
        _crc.Reset();
        _memberBytes = 0;
        _source.Start(_below, TrailerBytes, hasMembers: true);
        _deflate = new DeflateStream(_source, CompressionMode.Decompress, leaveOpen: true);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> InflateAsync(
        DeflateStream deflate, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await deflate.ReadAsync(destination, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw Damaged("has invalid deflate data", _below, e);
        }
    }

    private async ValueTask EndMemberAsync(CancellationToken cancellationToken)
    {
        Dispose();
        if (_source.RanDry)
            throw Damaged("ends inside its compressed data", _below);
        if (_source.LastRead > 1)
            throw TrailingBytes();
        await TakeTrailerAsync(cancellationToken);
        if (!await _below.EnsureAsync(2, cancellationToken) && _below.Buffered.Length == 0)
            return;
        if (!GzipHeader.IsMagic(_below.Buffered))
            throw TrailingBytes();
        await OpenMemberAsync(cancellationToken);

        PipelineException TrailingBytes() => Damaged("has bytes after its gzip data that are not gzip", _below);
    }

    private async ValueTask TakeTrailerAsync(CancellationToken cancellationToken)
    {
        if (!await _below.EnsureAsync(TrailerBytes, cancellationToken))
            throw Damaged("ends inside its gzip trailer", _below);
        if (!_below.Buffered.StartsWith(MakeTrailer(stackalloc byte[TrailerBytes])))
            throw Damaged("does not match its gzip trailer (CRC-32 and length)", _below);
        _below.Take(TrailerBytes);
    }

    private ReadOnlySpan<byte> MakeTrailer(Span<byte> trailer)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _memberBytes);
        return trailer;
    }
}
