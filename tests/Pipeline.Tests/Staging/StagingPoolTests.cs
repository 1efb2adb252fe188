using Pipeline.Staging;

namespace Pipeline.Tests.Staging;

[Trait("Promise", "5")]
public sealed class StagingPoolTests
{
    private const int SpillAt = 10 * StagingPool.ChunkBytes;

    [Fact]
    public void BeyondTheSharedLimitRecordsSpillAndReturnedMemoryIsReused()
    {
        var pool = new StagingPool(3 * StagingPool.ChunkBytes);
        using var second = new SpillBuffer(SpillAt, Path.GetTempPath(), pool);
        using (var first = new SpillBuffer(SpillAt, Path.GetTempPath(), pool))
        {
            first.Append(new byte[3 * StagingPool.ChunkBytes]);
            Assert.False(first.IsSpilled);
            second.Append(new byte[2 * StagingPool.ChunkBytes]);
            Assert.True(second.IsSpilled);
        }

        using var third = new SpillBuffer(SpillAt, Path.GetTempPath(), pool);
        third.Append(new byte[2 * StagingPool.ChunkBytes]);
        Assert.False(third.IsSpilled);
    }

    [Fact]
    public void ASpilledRecordReturnsItsMemory()
    {
        var pool = new StagingPool(3 * StagingPool.ChunkBytes);
        for (var round = 0; round < 5; round++)
        {
            using var buffer = new SpillBuffer(2 * StagingPool.ChunkBytes, Path.GetTempPath(), pool);
            buffer.Append(new byte[7 * StagingPool.ChunkBytes]);
            Assert.True(buffer.IsSpilled);
        }

        Assert.All(Enumerable.Range(0, 3), _ => Assert.NotNull(pool.TryRent()));
        Assert.Null(pool.TryRent());
    }
}
