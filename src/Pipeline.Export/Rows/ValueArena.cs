using System.Buffers;

namespace Pipeline.Export.Rows;

/// <summary>
/// Memory for the texts of one batch, in blocks that are reused by the next batch. A text is appended piece by piece;
/// once complete, it never moves.
/// </summary>
internal sealed class ValueArena : IDisposable
{
    private const int BlockBytes = 4 << 20;

    private readonly List<byte[]> _full = [];
    private readonly Stack<byte[]> _free = new();
    private byte[] _block = [];
    private int _start;
    private int _end;

    /// <summary>Bytes of the text that is being appended.</summary>
    public int Pending => _end - _start;

    /// <summary>Appends to the text.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_block.Length - _end < bytes.Length)
            Move(bytes.Length);
        bytes.CopyTo(_block.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Ends the text and returns it, valid until <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        var text = _block.AsMemory(_start, Pending);
        _start = _end;
        return text;
    }

    /// <summary>Forgets the text that is being appended.</summary>
    public void Drop() => _end = _start;

    /// <summary>Forgets all texts.</summary>
    public void Clear()
    {
        foreach (var block in _full)
            Keep(block);
        _full.Clear();
        (_start, _end) = (0, 0);
    }

    public void Dispose()
    {
        Clear();
        if (_block.Length > 0)
            ArrayPool<byte>.Shared.Return(_block);
        while (_free.TryPop(out var block))
            ArrayPool<byte>.Shared.Return(block);
        _block = [];
    }

    /// <summary>Moves the text that is being appended to a block with space for it and as many bytes again.</summary>
    private void Move(int more)
    {
        var needed = Math.Max(BlockBytes, 2 * (Pending + more));
        var block = needed == BlockBytes && _free.TryPop(out var free) ? free : ArrayPool<byte>.Shared.Rent(needed);
        _block.AsSpan(_start, Pending).CopyTo(block);
        if (_start > 0)
            _full.Add(_block);
        else if (_block.Length > 0)
            Keep(_block);
        (_block, _start, _end) = (block, 0, Pending);
    }

    private void Keep(byte[] block)
    {
        if (block.Length == BlockBytes)
            _free.Push(block);
        else
            ArrayPool<byte>.Shared.Return(block);
    }
}
