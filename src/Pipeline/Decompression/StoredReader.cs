using System.Buffers;
using System.Runtime.CompilerServices;
using Pipeline.Model;

namespace Pipeline.Decompression;

/// <summary>
/// Buffers and counts the stored bytes of an object, so that callers can look ahead. It reads one object at a time,
/// each from <see cref="Open"/> to <see cref="Dispose"/>.
/// </summary>
internal sealed class StoredReader(long maxBytes) : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private Stream _stored = Stream.Null;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private long _readBytes;

    /// <summary>Whether the store has no bytes beyond those buffered.</summary>
    public bool SawEnd { get; private set; }

    /// <summary>Number of bytes taken; at the end, the size of the object.</summary>
    public long Position => _readBytes - (_end - _start);

    /// <summary>Bytes that are buffered and not yet taken.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Starts reading <paramref name="stored"/>, which stays open.</summary>
    /// <param name="stored">The stream.</param>
    /// <param name="head">Its first bytes, if they were already read.</param>
    public void Open(Stream stored, ReadOnlySpan<byte> head = default)
    {
        (_stored, _start, _end, _readBytes, SawEnd) = (stored, 0, head.Length, head.Length, false);
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, head.Length));
        head.CopyTo(_buffer);
    }

    /// <summary>Buffers at least this many bytes. Returns false if the object ends before.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count && !SawEnd)
        {
            if (_buffer.Length - _end < count - (_end - _start) || _start == _end)
                Compact();
            var read = await _stored.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            Count(read);
            _end += read;
        }
        return _end - _start >= count;
    }

    /// <summary>Takes buffered bytes.</summary>
    public void Take(int count) => _start += count;

    /// <summary>Reads at most as many bytes as fit the destination; 0 at the end of the object.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!await EnsureAsync(1, cancellationToken))
            return 0;
        var count = Math.Min(destination.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(destination);
        Take(count);
        return count;
    }

    /// <summary>Reads to the end, so that damage in the layers below is found.</summary>
    public async ValueTask SkipAsync(CancellationToken cancellationToken)
    {
        while (await EnsureAsync(1, cancellationToken))
            Take(_end - _start);
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        (_stored, _buffer, _start, _end) = (Stream.Null, [], 0, 0);
    }

    private void Compact()
    {
        Buffered.CopyTo(_buffer);
        _end -= _start;
        _start = 0;
    }

    private void Count(int read)
    {
        SawEnd = read == 0;
        _readBytes += read;
        if (_readBytes > maxBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The stored object has more than {maxBytes} bytes. Raise Collect:MaxStoredBytes if "
                    + "such results are expected.");
    }
}
