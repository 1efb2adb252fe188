using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Intake;

public sealed class DuplicateFilterTests
{
    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    [Trait("Promise", "1")]
    public void EachHashIsNewOnceInMemoryAndInTheFile(long maxInMemory)
    {
        using var folder = new TempFolder();
        const int Count = 5_000;
        using var filter = new DuplicateFilter(Count, folder.Path, maxInMemory);
        var random = new Random(7);
        // Many hashes share the bits that choose their block.
        var hashes = Enumerable
            .Range(0, Count)
            .Select(i => new UInt128(
                (ulong)random.NextInt64(),
                i % 3 == 0 ? 42 : (ulong)random.NextInt64(long.MinValue, long.MaxValue)
            ))
            .ToList();
        hashes[17] = UInt128.Zero;
        var seen = new HashSet<UInt128>();
        foreach (var hash in hashes.Concat(hashes))
            Assert.Equal(seen.Add(hash), filter.Add(hash));
    }

    [Fact]
    [Trait("Promise", "5")]
    public void ALongListUsesNoMemoryAndLeavesNoFile()
    {
        using var folder = new TempFolder();
        using (var filter = new DuplicateFilter(50_000_000, folder.Path))
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0UL; i < 1000; i++)
                Assert.True(filter.Add(new(i, i << 40)));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
            Assert.Equal(OperatingSystem.IsWindows() ? 1 : 0, Directory.GetFiles(folder.Path).Length);
        }
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void AnUnwritableFolderIsAStoreFault()
    {
        using var filter = new DuplicateFilter(10, "/nowhere/at/all", maxInMemory: 0);
        var error = Assert.Throws<PipelineException>(() => filter.Add(1));
        Assert.True(error.IsStoreFault);
        Assert.Contains("'/nowhere/at/all'", error.Message, StringComparison.Ordinal);
    }
}
