using System.IO.Compression;
using System.Text;
using static Pipeline.Tests.Collect.Normal;

namespace Pipeline.Tests.Collect;

/// <summary>What large documents cost in memory, counted for the whole process.</summary>
[Collection(nameof(Alone))]
public sealed class LargeDocumentMemoryTests
{
    private const int Bytes300 = 300 << 20;
    private static readonly Lazy<byte[]> s_text300 = new(GzipOfText);

    [Fact]
    public async Task ItCostsNoMemory()
    {
        var stored = Gzip(Bytes($$"""{"data":{"html":"{{string.Concat(Enumerable.Repeat("<p class=\\\"x\\\">some text é</p>\\n", 600_000))}}"} }"""));
        await RecordOnlyAsync(stored);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RecordOnlyAsync(stored);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 512 * 1024);
    }

    [Theory]
    [InlineData("html")]
    [InlineData("parsing")]
    [InlineData("never_heard_of")]
    public async Task AStringOf300MegabytesIsNeverHeldInMemory(string field)
    {
        byte[] stored = [.. Gzip(Bytes($$"""{"data":{"{{field}}":" """.TrimEnd())), .. s_text300.Value, .. Gzip("\"}}"u8)];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var result = await NormalizeAsync(stored);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Bytes300 / 16);
        var staged = result.Content ?? result.Parsed ?? result.Extra;
        Assert.True(staged!.IsSpilled);
        Assert.InRange(staged.Length, Bytes300, Bytes300 + 100);
    }

    /// <summary>A text that is never in memory at once, as a gzip member.</summary>
    private static byte[] GzipOfText()
    {
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 8192).Select(n => $"{n:x7} ")));
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var written = 0; written < Bytes300; written += text.Length)
                gzip.Write(text.AsSpan(0, Math.Min(text.Length, Bytes300 - written)));
        }

        return stored.ToArray();
    }
}
