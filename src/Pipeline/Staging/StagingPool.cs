namespace Pipeline.Staging;

/// <summary>
/// Pools the memory that all records in progress are staged in: chunks of one size, up to a limit. The process keeps
/// returned chunks for the next record.
/// </summary>
/// <param name="maxBytes">
/// Maximum number of bytes in use. Each record may take one chunk more, so that it can always proceed.
/// </param>
internal sealed class StagingPool(long maxBytes)
{
    /// <summary>Size of a chunk, bytes: about that of a small page, since a record takes at least one.</summary>
    public const int ChunkBytes = 32 * 1024;

    // The default of Collect:StagingBytes, plus a chunk for each of 64 records. Only full collections free other
    // chunks, and their memory stays fragmented.
    private const int MaxFreeChunks = (16 * 1024 * 1024 / ChunkBytes) + 64;

    private static readonly Stack<byte[]> Free = new();
    private static readonly Lock Gate = new();

    private long _usedBytes;

    /// <summary>A pool without a limit.</summary>
    public static StagingPool Unlimited { get; } = new(long.MaxValue);

    /// <summary>Rents a chunk; null if the limit is reached.</summary>
    public byte[]? TryRent() => Rent(maxBytes);

    /// <summary>Rents a chunk, even beyond the limit.</summary>
    public byte[] Rent() => Rent(long.MaxValue)!;

    /// <summary>Returns a chunk to the pool.</summary>
    public void Return(byte[] chunk)
    {
        lock (Gate)
        {
            _usedBytes -= ChunkBytes;
            if (Free.Count < MaxFreeChunks)
                Free.Push(chunk);
        }
    }

    private byte[]? Rent(long limit)
    {
        lock (Gate)
        {
            if (_usedBytes + ChunkBytes > limit)
                return null;
            _usedBytes += ChunkBytes;
            if (Free.TryPop(out var free))
                return free;
        }
        // Chunks live long; pinning them keeps the garbage collector from moving them.
        return GC.AllocateUninitializedArray<byte>(ChunkBytes, pinned: true);
    }
}
