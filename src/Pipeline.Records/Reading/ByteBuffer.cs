namespace Pipeline.Records;

/// <summary>A growing buffer that can be truncated.</summary>
internal sealed class ByteBuffer
{
    private const int KeptBytes = 1 << 20;

    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> this[Range range] => _bytes.AsSpan(0, Length)[range];

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void CutTo(int length) => Length = length;

    /// <summary>Empties the buffer, and releases the memory of a large record.</summary>
    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeptBytes)
            _bytes = [];
    }
}
