using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Pipeline.Collect;

/// <summary>Feeds a <see cref="DeflateStream"/> and remembers its last read, which may go beyond the deflate data. One member after the other.</summary>
internal sealed class DeflateSource(StoredReader stored) : Stream
{
    // What may have to be given back and searched; well below the reader's buffer.
    private const int MaxRead = 16 * 1024;

    // Read one by one, so that the end of an empty member is told exactly: its trailer is all zeros, and so may be what comes before.
    private const int SingleReads = 16;

    // The last byte of the object's deflate data and the trailer after it are given one by one too, so that where the object's last member ends is told exactly.
    private const int LastBytes = 9;

    private int _reads;

    public int LastRead { get; private set; }

    public bool RanDry { get; private set; }

    /// <summary>Begins another member.</summary>
    public void Start() => (_reads, LastRead, RanDry) = (0, 0, false);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await stored.EnsureAsync(LastBytes + 1, cancellationToken);
        var most = _reads++ < SingleReads ? 1 : Math.Clamp(stored.Buffered.Length - LastBytes, 1, MaxRead);
        LastRead = await stored.ReadAsync(buffer[..Math.Min(buffer.Length, most)], cancellationToken);
        RanDry |= LastRead == 0;
        return LastRead;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
