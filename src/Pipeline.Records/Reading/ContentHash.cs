using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace Pipeline.Records;

/// <summary>Computes the digest of a record's content, as docs/record.md describes it.</summary>
internal sealed class ContentHash
{
    public const string Algorithm = "xxh128:";

    private readonly XxHash128 _hash = new();
    private long _textBytes;

    /// <summary>Size of all texts, UTF-8 bytes.</summary>
    public long Bytes { get; private set; }

    public void Start()
    {
        _hash.Reset();
        Bytes = 0;
    }

    public void StartText(ReadOnlySpan<byte> name)
    {
        _hash.Append(name);
        _hash.Append([0]);
        _textBytes = 0;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        _hash.Append(text);
        _textBytes += text.Length;
    }

    public void EndText()
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, _textBytes);
        _hash.Append(length);
        Bytes += _textBytes;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Algorithm}{_hash.GetCurrentHashAsUInt128():x32}");
}
