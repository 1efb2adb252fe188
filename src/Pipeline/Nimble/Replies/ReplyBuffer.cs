using System.Buffers;

namespace Pipeline.Nimble.Replies;

/// <summary>
/// A body as it arrives, in pooled blocks. Uses no more memory than the body has brought, and leaves nothing for the
/// garbage collector.
/// </summary>
internal sealed class ReplyBuffer : IDisposable
{
    private const int BlockBytes = 32 << 10;

    private readonly List<byte[]> _blocks = [];
    private int _free;

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>Space for the next bytes.</summary>
    public Memory<byte> Room
    {
        get
        {
            if (_free == 0)
            {
                _blocks.Add(ArrayPool<byte>.Shared.Rent(BlockBytes));
                _free = BlockBytes;
            }

            return _blocks[^1].AsMemory(BlockBytes - _free, _free);
        }
    }

    /// <summary>Takes bytes that were put into <see cref="Room"/>.</summary>
    public void Advance(int bytes)
    {
        Length += bytes;
        _free -= bytes;
    }

    /// <summary>Gives the whole body to a parser, as one piece that is valid only during the call.</summary>
    public T Parse<T>(Func<ReadOnlyMemory<byte>, T> parse)
    {
        if (_blocks.Count == 1)
            return parse(_blocks[0].AsMemory(0, Length));
        var whole = ArrayPool<byte>.Shared.Rent(Math.Max(Length, 1));
        try
        {
            for (var i = 0; i < _blocks.Count; i++)
                _blocks[i]
                    .AsSpan(0, Math.Min(BlockBytes, Length - (i * BlockBytes)))
                    .CopyTo(whole.AsSpan(i * BlockBytes));
            Dispose();
            return parse(whole.AsMemory(0, Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            ArrayPool<byte>.Shared.Return(block);
        _blocks.Clear();
        _free = 0;
    }
}
