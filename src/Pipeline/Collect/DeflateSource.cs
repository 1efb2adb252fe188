using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Pipeline.Collect;

/// <summary>
/// Feeds a <see cref="DeflateStream"/> so that where the deflate data ended is known exactly, which that one does not tell (it will from .NET 11 on):
/// a byte that could be the last one of a whole member comes in a read of its own. One member after the other.
/// </summary>
/// <remarks>Behind that byte and the trailer follows the object's end or another member, which begins with <see cref="GzipHeader.Start"/>.</remarks>
internal sealed class DeflateSource(StoredReader stored) : Stream
{
    // How far behind the last byte of the deflate data the next member begins: that byte, the CRC-32 and the length.
    private const int ToNextMember = 9;

    /// <summary>How many bytes the last read gave. More than one: the member that ended within them is not whole.</summary>
    public int LastRead { get; private set; }

    public bool RanDry { get; private set; }

    /// <summary>Begins another member.</summary>
    public void Start() => (LastRead, RanDry) = (0, false);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await stored.EnsureAsync(ToNextMember + GzipHeader.Start.Length, cancellationToken);
        LastRead = await stored.ReadAsync(buffer[..Math.Max(1, CountSafe(buffer.Length))], cancellationToken);
        RanDry |= LastRead == 0;
        return LastRead;
    }

    /// <summary>How many of the next bytes are the last of no whole member, as far as can be seen.</summary>
    private int CountSafe(int most)
    {
        if (stored.Buffered.Length < ToNextMember)
            return 0;
        var ahead = stored.Buffered[ToNextMember..];
        ahead = ahead[..Math.Min(ahead.Length, most + GzipHeader.Start.Length - 1)];
        var next = ahead.IndexOf(GzipHeader.Start);
        return next >= 0 ? next : ahead.Length - (GzipHeader.Start.Length - 1);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
