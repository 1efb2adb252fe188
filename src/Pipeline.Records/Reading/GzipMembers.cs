using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Pipeline.Records;

/// <summary>
/// Decompresses a gzip file of any number of members and verifies each. <see cref="GZipStream"/> accepts a truncated
/// file and ignores what follows the end (dotnet/runtime#72726), so this class reads header and trailer itself, and
/// <see cref="DeflateStream"/> gets only the data between them.
/// </summary>
internal sealed class GzipMembers(StoredInput input) : IDisposable
{
    private const int HeaderBytes = 10;
    private const int TrailerBytes = 8;

    private readonly Source _source = new(input);
    private readonly Crc32 _crc = new();
    private DeflateStream? _deflate;
    private uint _size;

    /// <summary>Offset of the member that the last read came from.</summary>
    public long Offset { get; private set; }

    /// <summary>Whether the bytes begin a gzip member.</summary>
    public static bool IsMagic(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Source.Magic);

    /// <summary>Reads from one member. Returns 0 at the end of the file, when every member has been verified.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message says how and at which byte.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_deflate is null && !await OpenAsync(cancellationToken))
                return 0;
            var read = await InflateAsync(buffer, cancellationToken);
            if (read > 0)
                return read;
            await EndAsync(cancellationToken);
        }
    }

    public void Dispose() => _deflate?.Dispose();

    private async ValueTask<bool> OpenAsync(CancellationToken cancellationToken)
    {
        Offset = input.Position;
        if (!await input.EnsureAsync(1, cancellationToken))
            return false;
        if (!await input.EnsureAsync(HeaderBytes, cancellationToken))
            throw Damaged("ends inside a gzip header");
        // The pipeline writes headers without optional fields; other tools that pack its files may add some.
        if (!IsMagic(input.Buffered) || (input.Buffered[3] & 0xE0) != 0)
            throw Damaged("has bytes that are no gzip member");
        var flags = input.Buffered[3];
        input.Take(HeaderBytes);
        await SkipOptionalAsync(flags, cancellationToken);
        _crc.Reset();
        _size = 0;
        _source.Start();
        _deflate = new(_source, CompressionMode.Decompress, leaveOpen: true);
        return true;
    }

    private async ValueTask SkipOptionalAsync(byte flags, CancellationToken cancellationToken)
    {
        if ((flags & 4) != 0)
            for (var length = await NextAsync() | (await NextAsync() << 8); length > 0; length--)
                await NextAsync();
        // Name and comment, each ended by a zero.
        for (var text = (flags >> 3 & 1) + (flags >> 4 & 1); text > 0; text--)
            while (await NextAsync() != 0)
            {
                if (input.Position - Offset > 1 << 17)
                    throw Damaged("has an endless gzip header");
            }
        if ((flags & 2) != 0)
            _ = await NextAsync() + await NextAsync();

        async ValueTask<int> NextAsync()
        {
            if (!await input.EnsureAsync(1, cancellationToken))
                throw Damaged("ends inside a gzip header");
            var next = input.Buffered[0];
            input.Take(1);
            return next;
        }
    }

    private async ValueTask<int> InflateAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var read = await _deflate!.ReadAsync(buffer, cancellationToken);
            _crc.Append(buffer.Span[..read]);
            _size = unchecked(_size + (uint)read);
            return read;
        }
        catch (InvalidDataException)
        {
            throw Damaged("has invalid compressed data");
        }
    }

    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        _deflate!.Dispose();
        _deflate = null;
        if (_source.RanDry)
            throw Damaged("ends inside its compressed data");
        if (_source.LastRead > 1 || !await input.EnsureAsync(TrailerBytes, cancellationToken))
            throw Damaged("ends inside a gzip trailer, or has other bytes instead");
        if (BinaryPrimitives.ReadUInt32LittleEndian(input.Buffered) != _crc.GetCurrentHashAsUInt32()
            || BinaryPrimitives.ReadUInt32LittleEndian(input.Buffered[4..]) != _size)
            throw Damaged("does not match its gzip checksum");
        input.Take(TrailerBytes);
    }

    private InvalidDataException Damaged(string what) =>
        new($"it {what}, at byte {input.Position}, in the gzip member that begins at byte {Offset}");

    /// <summary>
    /// Returns every byte that may be the last one of the data in a separate read, because <see cref="DeflateStream"/>
    /// does not report how much it used. After the last byte come the trailer and the end, or the next member.
    /// </summary>
    private sealed class Source(StoredInput input) : ReadStream
    {
        private const int ToNext = 1 + TrailerBytes;

        public static ReadOnlySpan<byte> Magic => [0x1F, 0x8B, 8];

        public int LastRead { get; private set; }

        public bool RanDry { get; private set; }

        public void Start() => (LastRead, RanDry) = (0, false);

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await input.EnsureAsync(ToNext + Magic.Length, cancellationToken);
            LastRead = input.TakeTo(buffer, Math.Max(1, CountSafe()));
            RanDry |= LastRead == 0;
            return LastRead;
        }

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        private int CountSafe()
        {
            if (input.Buffered.Length < ToNext)
                return 0;
            var ahead = input.Buffered[ToNext..];
            var next = ahead.IndexOf(Magic);
            return next >= 0 ? next : ahead.Length - (Magic.Length - 1);
        }
    }
}
