using System.Buffers;
using System.Runtime.CompilerServices;
using Pipeline.Model;

namespace Pipeline.Decompression;

/// <summary>
/// The stored bytes of an object, buffered and counted, so that it can be looked ahead. One object after the other, each from <see cref="Open"/> to
/// <see cref="Dispose"/>.
/// </summary>
internal sealed class StoredReader(long maxBytes) : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private Stream _stored = Stream.Null;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private long _readBytes;

    /// <summary>Whether the store has no more bytes than those buffered.</summary>
    public bool SawEnd { get; private set; }

    /// <summary>How many bytes were taken; after the last one, the size of the object.</summary>
    public long Position => _readBytes - (_end - _start);

    /// <summary>What is buffered and not taken.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Begins to read <paramref name="stored"/>, which stays open.</summary>
    public void Open(Stream stored)
    {
        (_stored, _start, _end, _readBytes, SawEnd) = (stored, 0, 0, 0, false);
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    }

    /// <summary>Tries to have so many bytes buffered; fewer are there afterwards only at the object's end.</summary>
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

    /// <summary>Moves on over buffered bytes.</summary>
    public void Take(int count) => _start += count;

    /// <summary>Reads up to the size of the destination; 0 at the object's end.</summary>
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

    /// <summary>Reads to the end, so that whatever is wrong below is found.</summary>
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
                $"The stored object has more than {maxBytes} bytes. Raise Collect:MaxStoredBytes if such results are expected.");
    }
}
