namespace Pipeline.Fuzz;

/// <summary>Gives a few bytes a read, never the same number twice in a row.</summary>
internal sealed class TrickleStream(byte[] bytes) : MemoryStream(bytes, writable: false)
{
    private int _size;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _size = (_size % 11) + 1;
        return base.ReadAsync(buffer[..Math.Min(buffer.Length, _size)], cancellationToken);
    }
}
