namespace Pipeline.Emit;

/// <summary>The memory in which records are staged, shared by all that are under way: chunks of one size, up to a limit. The process keeps them for the next record.</summary>
/// <param name="maxBytes">What may be in use at once, but for one chunk that each record gets in any case.</param>
internal sealed class StagingPool(long maxBytes)
{
    /// <summary>The size of a chunk, bytes.</summary>
    public const int ChunkBytes = 64 * 1024;

    private const int MostKept = 8 * 1024 * 1024 / ChunkBytes;

    private static readonly Stack<byte[]> s_free = new();
    private static readonly Lock s_gate = new();

    private long _usedBytes;

    /// <summary>Without a limit.</summary>
    public static StagingPool Unlimited { get; } = new(long.MaxValue);

    /// <summary>A chunk; null when the limit is reached.</summary>
    public byte[]? TryRent() => Rent(maxBytes);

    /// <summary>A chunk even beyond the limit.</summary>
    public byte[] Rent() => Rent(long.MaxValue)!;

    /// <summary>Takes back a chunk.</summary>
    public void Return(byte[] chunk)
    {
        lock (s_gate)
        {
            _usedBytes -= ChunkBytes;
            if (s_free.Count < MostKept)
                s_free.Push(chunk);
        }
    }

    private byte[]? Rent(long limit)
    {
        lock (s_gate)
        {
            if (_usedBytes + ChunkBytes > limit)
                return null;
            _usedBytes += ChunkBytes;
            if (s_free.TryPop(out var kept))
                return kept;
        }
        // They live for long; pinned ones are not moved about by the collector.
        return GC.AllocateUninitializedArray<byte>(ChunkBytes, pinned: true);
    }
}
