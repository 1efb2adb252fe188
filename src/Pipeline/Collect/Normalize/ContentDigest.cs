using System.Buffers.Binary;
using System.IO.Hashing;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// Computes the digest of a result's content. For every content field it hashes the name, a zero byte, the text and the
/// text's length (docs/record.md).
/// </summary>
internal sealed class ContentDigest
{
    private readonly XxHash128 _hash = new();
    private long _fieldBytes;

    /// <summary>Size of all texts, UTF-8 bytes.</summary>
    public long ContentBytes { get; private set; }

    /// <summary>Starts the digest of another result.</summary>
    public void Start()
    {
        _hash.Reset();
        ContentBytes = 0;
    }

    public void StartField(ReadOnlySpan<byte> name)
    {
        _hash.Append(name);
        _hash.Append([0]);
        _fieldBytes = 0;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        _hash.Append(text);
        _fieldBytes += text.Length;
    }

    public void EndField()
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, _fieldBytes);
        _hash.Append(length);
        ContentBytes += _fieldBytes;
    }

    /// <summary>The hash so far.</summary>
    public UInt128 Hash => _hash.GetCurrentHashAsUInt128();
}
