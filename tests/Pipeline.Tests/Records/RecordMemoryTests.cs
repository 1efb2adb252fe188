using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>What a consumer's process needs for a large record.</summary>
[Collection(nameof(Alone))]
public sealed class RecordMemoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MemoryIsBoundedForARecordOf300Megabytes()
    {
        using var folder = new TempFolder();
        var line = RecordReaderTests.LargeLine(megabytes: 300);
        var before = GC.GetTotalAllocatedBytes(precise: true);

        await using (var reader = RecordReader.Open(line, "stream", new() { TempFolder = folder.Path }))
        {
            var record = Assert.Single(await reader.ReadAsync(Token).ToListAsync(Token));
            Assert.Equal(300L << 20, record.LargeMembers["html"]);
            Assert.True(record.IsContentVerified);
        }

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100 << 20);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}
