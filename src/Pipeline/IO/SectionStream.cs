namespace Pipeline.IO;

/// <summary>A part of a stream, from its position for a length. Disposes the stream.</summary>
internal sealed class SectionStream(Stream whole, long length) : ForwardStream
{
    private long _left = length;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await whole.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        _left -= read;
        return read;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            whole.Dispose();
        base.Dispose(disposing);
    }
}
