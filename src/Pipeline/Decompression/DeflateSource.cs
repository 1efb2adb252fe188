using System.IO.Compression;
using System.Runtime.CompilerServices;
using Pipeline.IO;

namespace Pipeline.Decompression;

/// <summary>
/// Feeds a <see cref="DeflateStream"/> so that where the deflate data ended is known exactly, which that one does not tell (it will from .NET 11 on):
/// a byte that could be the last one of the data comes in a read of its own.
/// </summary>
/// <remarks>Behind that byte and the trailer follows the end, or another gzip member, which begins with <see cref="GzipHeader.Start"/>.</remarks>
internal sealed class DeflateSource : ForwardStream
{
    private StoredReader _stored = null!;
    private bool _hasMembers;

    // How far behind the last byte of the data the end is, or the next member begins: that byte and the trailer.
    private int _toEnd;

    /// <summary>How many bytes the last read gave. More than one: the data that ended within them is not whole.</summary>
    public int LastRead { get; private set; }

    public bool RanDry { get; private set; }

    /// <summary>Begins another stretch of deflate data.</summary>
    /// <param name="stored">Where it is.</param>
    /// <param name="trailerBytes">What follows it.</param>
    /// <param name="hasMembers">Whether another gzip member may follow then.</param>
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

    /// <summary>How many of the next bytes are not the last of the data, as far as can be seen.</summary>
    private int CountSafe(int most)
    {
        if (_stored.Buffered.Length < _toEnd)
            return 0;
        var ahead = _stored.Buffered[_toEnd..];
        if (!_hasMembers)
            return Math.Min(ahead.Length, most);
        ahead = ahead[..Math.Min(ahead.Length, most + GzipHeader.Start.Length - 1)];
        var next = ahead.IndexOf(GzipHeader.Start);
        return next >= 0 ? next : ahead.Length - (GzipHeader.Start.Length - 1);
    }
}
