using System.Security.Cryptography;

namespace Pipeline.Records;

/// <summary>
/// Passes a stream through, counts its bytes, and computes the SHA-256 of its first bytes at given lengths, because a
/// local file may have grown since a manifest named it.
/// </summary>
internal sealed class HashingStream : ReadStream
{
    private readonly Stream _inner;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Queue<long> _lengths;
    private readonly Dictionary<long, string> _digests = [];

    public HashingStream(Stream inner, IEnumerable<long> lengths)
    {
        (_inner, _lengths) = (inner, new(lengths.Where(length => length >= 0).Distinct().Order()));
        Note();
    }

    /// <summary>Number of bytes that were read.</summary>
    public long Bytes { get; private set; }

    /// <summary>The digest of the first bytes; null if fewer were read.</summary>
    public string? DigestOf(long bytes) => _digests.GetValueOrDefault(bytes);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await _inner.ReadAsync(buffer, cancellationToken);
        Add(buffer.Span[..read]);
        return read;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = _inner.Read(buffer);
        Add(buffer[..read]);
        return read;
    }

    /// <summary>Reads what a reader left unread, for example after damage.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            _inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var part = _lengths.TryPeek(out var length) ? bytes[..(int)Math.Min(bytes.Length, length - Bytes)] : bytes;
            _hash.AppendData(part);
            Bytes += part.Length;
            bytes = bytes[part.Length..];
            Note();
        }
    }

    private void Note()
    {
        while (_lengths.TryPeek(out var length) && length == Bytes)
            _digests[_lengths.Dequeue()] = Convert.ToHexStringLower(_hash.GetCurrentHash());
    }
}
