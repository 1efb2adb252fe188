using Pipeline.Staging;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Staging;

public sealed class SpillBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4_096)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public async Task AppendedBytesCanBeCopiedRepeatedly(int spillAt)
    {
        var random = new Random(spillAt);
        foreach (var total in new[] { 0, 1, 4_095, 4_096, 4_097, 69_632, 69_633, 300_000, 700_000 })
        {
            using var buffer = new SpillBuffer(spillAt, Path.GetTempPath());
            var bytes = new byte[total];
            random.NextBytes(bytes);
            for (var at = 0; at < total;)
            {
                var count = Math.Min(total - at, random.Next(1, 100_000));
                buffer.Append(bytes.AsSpan(at, count));
                at += count;
            }
            Assert.Equal(total, buffer.Length);
            if (total > spillAt + 65_536)
                Assert.True(buffer.IsSpilled);
            if (total <= spillAt - 65_536)
                Assert.False(buffer.IsSpilled);
            for (var n = 0; n < 2; n++)
            {
                var (sync, async) = (new MemoryStream(), new MemoryStream());
                buffer.CopyTo(sync);
                await buffer.CopyToAsync(async, TestContext.Current.CancellationToken);
                Assert.Equal(bytes, sync.ToArray());
                Assert.Equal(bytes, async.ToArray());
            }
        }
    }

    [Fact]
    public void ASpilledBufferLeavesNothingBehind()
    {
        using var folder = new TempFolder();
        var buffer = new SpillBuffer(10_000, folder.Path);
        buffer.Append(new byte[500_000]);
        Assert.True(buffer.IsSpilled);
        if (!OperatingSystem.IsWindows())
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        buffer.Dispose();
        buffer.Dispose();
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
