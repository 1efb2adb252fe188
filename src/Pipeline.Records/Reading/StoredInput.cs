namespace Pipeline.Records;

/// <summary>Buffers the bytes of a stream, so that a reader can look ahead, and counts them.</summary>
internal sealed class StoredInput(Stream stream)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Number of bytes taken.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes that are buffered and not yet taken.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Buffers at least this many bytes, at most 64 KiB; false if the stream ends before.</summary>
    public async ValueTask<bool> EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count && !_ended)
        {
            if (_start > 0 && _buffer.Length - _start < count)
            {
                Buffered.CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _ended = read == 0;
            _end += read;
        }
        return _end - _start >= count;
    }

    public void Take(int count)
    {
        _start += count;
        Position += count;
        if (_start == _end)
            _start = _end = 0;
    }

    /// <summary>Takes up to <paramref name="count"/> buffered bytes.</summary>
    public int TakeTo(Memory<byte> destination, int count)
    {
        count = Math.Min(count, Math.Min(destination.Length, _end - _start));
        Buffered[..count].CopyTo(destination.Span);
        Take(count);
        return count;
    }
}
