namespace Pipeline.Emulator.Faults;

/// <summary>The fault in a response body.</summary>
internal enum BodyFault
{
    /// <summary>The connection is cut.</summary>
    Cut,

    /// <summary>Nothing more is sent.</summary>
    Stall,

    /// <summary>One byte is sent every two seconds.</summary>
    Drip,
}

/// <summary>A response body whose first 256 bytes are correct; the fault begins after them.</summary>
internal sealed class CorruptedBody(HttpContext context, Stream inner, BodyFault fault, TimeProvider time) : Stream
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private long _written;

    /// <summary>Number of bytes before the fault.</summary>
    public int GoodBytes { get; init; } = 256;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _written; set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var good = (int)Math.Clamp(GoodBytes - _written, 0, buffer.Length);
        await inner.WriteAsync(buffer[..good], cancellationToken);
        _written += good;
        if (good == buffer.Length)
            return;
        await inner.FlushAsync(cancellationToken);
        if (fault == BodyFault.Cut)
        {
            context.Abort();
            return;
        }

        for (var at = good; at < buffer.Length; at++)
        {
            await Task.Delay(fault == BodyFault.Stall ? Timeout.InfiniteTimeSpan : Pause, time, context.RequestAborted);
            await inner.WriteAsync(buffer.Slice(at, 1), cancellationToken);
            await inner.FlushAsync(cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
