using System.IO.Compression;
using System.Runtime.CompilerServices;
using Pipeline.IO;

namespace Pipeline.Decompression;

/// <summary>
/// Feeds a <see cref="DeflateStream"/> so that the end of the deflate data is known exactly. The stream does not report
/// it (it will from .NET 11 on), so every byte that could be the last one is read separately.
/// </summary>
/// <remarks>
/// After the last byte and the trailer comes the end of the object, or another gzip member, which begins with
/// <see cref="GzipHeader.Start"/>.
/// </remarks>
internal sealed class DeflateSource : ForwardStream
{
    private StoredReader _stored = null!;
    private bool _hasMembers;

    // Distance from the last byte of the data to the end of the object or the next member: that byte and the trailer.
    private int _toEnd;

    /// <summary>
    /// Size of the last read. If it was more than one byte and the deflate data ended in it, the data was damaged.
    /// </summary>
    public int LastRead { get; private set; }

    /// <summary>Whether the object ended before the deflate data did.</summary>
    public bool RanDry { get; private set; }

    /// <summary>Starts on the next deflate data.</summary>
    /// <param name="stored">The reader, positioned at the first byte of the data.</param>
    /// <param name="trailerBytes">Size of the trailer that follows the data, bytes.</param>
    /// <param name="hasMembers">Whether another gzip member may follow the trailer.</param>
    public void Start(StoredReader stored, int trailerBytes, bool hasMembers) =>
        (_stored, _toEnd, _hasMembers, LastRead, RanDry) = (stored, 1 + trailerBytes, hasMembers, 0, false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _stored.EnsureAsync(_toEnd + GzipHeader.Start.Length, cancellationToken);
        LastRead = await _stored.ReadAsync(buffer[..Math.Max(1, CountSafe(buffer.Length))], cancellationToken);
        RanDry |= LastRead == 0;
        return LastRead;
    }

    /// <summary>
    /// Number of next bytes that cannot include the last byte of the data, judging by what is buffered.
    /// </summary>
    private int CountSafe(int max)
    {
        if (_stored.Buffered.Length < _toEnd)
            return 0;
        var ahead = _stored.Buffered[_toEnd..];
        if (!_hasMembers)
            return Math.Min(ahead.Length, max);
        ahead = ahead[..Math.Min(ahead.Length, max + GzipHeader.Start.Length - 1)];
        var next = ahead.IndexOf(GzipHeader.Start);
        return next >= 0 ? next : ahead.Length - (GzipHeader.Start.Length - 1);
    }
}
