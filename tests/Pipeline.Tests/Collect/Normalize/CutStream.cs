namespace Pipeline.Tests.Collect.Normalize;

/// <summary>A stream with reads of chosen sizes that complete asynchronously, as a network's may.</summary>
internal sealed class CutStream(ReadOnlyMemory<byte> bytes, Func<int> nextSize, bool yields = false) : Stream
{
    private ReadOnlyMemory<byte> _rest = bytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (yields)
            await Task.Yield();
        var count = Math.Min(Math.Min(buffer.Length, _rest.Length), Math.Max(1, nextSize()));
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The normalizer reads asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
