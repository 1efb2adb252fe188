using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace Pipeline.Collect;

/// <summary>
/// The expanded bytes of a stored object, gzip or not, told by its first bytes. The read that gives 0 has proven the object whole: every gzip
/// member's CRC-32 and length match, and nothing follows the last one. One object after the other, each from <see cref="Open"/> to <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// <see cref="GZipStream"/> takes truncated, empty and trailer-less input for whole and ignores what follows, so the frame is read here and only
/// the deflate data is left to <see cref="DeflateStream"/>.
/// </remarks>
internal sealed class VerifiedReader : IDisposable
{
    private const int TrailerBytes = 8;
    private const long RatioFreeBytes = 1 << 20;

    // Each member costs a decompressor's set-up, however few bytes it has.
    private const int MaxMembers = 100_000;

    private readonly CollectOptions _options;
    private readonly StoredReader _stored;
    private readonly DeflateSource _source;
    private readonly Crc32 _crc = new();
    private DeflateStream? _deflate;
    private uint _memberBytes;
    private int _members;
    private bool _opened;

    public VerifiedReader(CollectOptions options)
    {
        _options = options;
        _stored = new(options.MaxStoredBytes);
        _source = new(_stored);
    }

    /// <summary>Whether the object is gzip.</summary>
    public bool Compressed { get; private set; }

    /// <summary>The stored bytes taken so far; at the end the size of the object.</summary>
    public long StoredBytes => _stored.Position;

    /// <summary>The bytes given so far.</summary>
    public long ExpandedBytes { get; private set; }

    /// <summary>Begins to read <paramref name="stored"/>, which stays open.</summary>
    public void Open(Stream stored)
    {
        _stored.Open(stored);
        (_members, _opened, Compressed, ExpandedBytes) = (0, false, false, 0);
    }

    /// <summary>Reads expanded bytes; 0 when all were given and proven.</summary>
    /// <exception cref="PipelineException">Transient <see cref="FailureReasons.ObjectDamaged"/>, or permanent <see cref="FailureReasons.LimitExceeded"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!_opened)
            await BeginAsync(cancellationToken);
        var read = Compressed ? await InflateAsync(destination, cancellationToken) : await _stored.ReadAsync(destination, cancellationToken);
        ExpandedBytes += read;
        CheckLimits();
        return read;
    }

    public void Dispose()
    {
        _deflate?.Dispose();
        _deflate = null;
        _stored.Dispose();
    }

    private async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        _opened = true;
        if (!await _stored.EnsureAsync(2, cancellationToken) && _stored.Buffered.Length == 0)
            throw Damaged("is empty");
        Compressed = GzipHeader.IsMagic(_stored.Buffered);
        if (Compressed)
            await OpenMemberAsync(cancellationToken);
        else if (!LooksLikeText(_stored.Buffered))
            throw Damaged("begins like neither gzip nor JSON");
    }

    /// <summary>Gzip with a bit flipped in its magic is damage; what begins as text is left to the JSON grammar.</summary>
    private static bool LooksLikeText(ReadOnlySpan<byte> bytes) =>
        bytes[0] is (>= 0x20 and < 0x7F) or (byte)'\t' or (byte)'\n' or (byte)'\r' or 0xEF && !(bytes.Length > 1 && bytes[1] == 0x8B);

    private async ValueTask OpenMemberAsync(CancellationToken cancellationToken)
    {
        if (++_members > MaxMembers)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded, $"The stored object has more than {MaxMembers} gzip members.");
        await GzipHeader.ReadAsync(_stored, cancellationToken);
        _crc.Reset();
        _memberBytes = 0;
        _source.Start();
        _deflate = new DeflateStream(_source, CompressionMode.Decompress, leaveOpen: true);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> InflateAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (_deflate is not null)
        {
            var read = await DeflateReadAsync(_deflate, destination, cancellationToken);
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> DeflateReadAsync(DeflateStream deflate, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await deflate.ReadAsync(destination, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw Damaged("has invalid deflate data", e);
        }
    }

    private async ValueTask EndMemberAsync(CancellationToken cancellationToken)
    {
        _deflate!.Dispose();
        _deflate = null;
        if (_source.RanDry)
            throw Damaged("ends inside its compressed data");
        if (_source.LastRead > 1)
            throw GoesOn();
        await TakeTrailerAsync(cancellationToken);
        if (!await _stored.EnsureAsync(2, cancellationToken) && _stored.Buffered.Length == 0)
            return;
        if (!GzipHeader.IsMagic(_stored.Buffered))
            throw GoesOn();
        await OpenMemberAsync(cancellationToken);

        PipelineException GoesOn() => Damaged("goes on after its gzip data with something else");
    }

    private async ValueTask TakeTrailerAsync(CancellationToken cancellationToken)
    {
        if (!await _stored.EnsureAsync(TrailerBytes, cancellationToken))
            throw Damaged("ends inside its gzip trailer");
        if (!_stored.Buffered.StartsWith(MakeTrailer(stackalloc byte[TrailerBytes])))
            throw Damaged("does not match its gzip trailer (CRC-32 and length)");
        _stored.Take(TrailerBytes);
    }

    private ReadOnlySpan<byte> MakeTrailer(Span<byte> trailer)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _memberBytes);
        return trailer;
    }

    private void CheckLimits()
    {
        if (ExpandedBytes > _options.MaxExpandedBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The result document has more than {_options.MaxExpandedBytes} bytes. Raise Collect:MaxExpandedBytes if such results are expected.");
        if (Compressed && ExpandedBytes > RatioFreeBytes && ExpandedBytes / _options.MaxRatio > StoredBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The stored object expands more than {_options.MaxRatio} times: {StoredBytes} bytes gave {ExpandedBytes}. Raise Collect:MaxRatio if such results are expected.");
    }

    private PipelineException Damaged(string what, Exception? inner = null) =>
        PipelineException.Transient(FailureReasons.ObjectDamaged, $"The stored object {what}, at byte {StoredBytes}.", inner: inner);
}
