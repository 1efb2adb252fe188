using System.IO.Compression;
using Pipeline.Model;
using Pipeline.Tests.Collect.Normalize;
using ZstdSharp;
using static Pipeline.Tests.Collect.Normalize.Normal;

namespace Pipeline.Tests.Decompression;

/// <summary>Every layer of compression is removed and verified; limits apply to all layers together.</summary>
public sealed class CompressionTests
{
    private static readonly byte[] Document = Bytes(
        """{"task_id":"t-1","status":"success","data":"""
            + $$"""{"html":"{{Convert.ToBase64String(new Random(7).GetItems([.. "<p>Grüße</p>"u8], 3000))}}"} }""");

    public static TheoryData<string> Formats =>
        new(
            "gzip", "zlib", "zstd", "zstd+sum", "gzip gzip", "zlib gzip", "zstd gzip", "gzip zlib", "zstd zstd",
            "gzip zstd zlib", "gzip gzip gzip");

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("Promise", "8")]
    public async Task ACompressedResultIsReadCorrectlyHoweverItIsSplit(string format)
    {
        var stored = Compress(format, Document);
        var expected = SourceLess(await RecordAsync(Document));
        Assert.Equal(expected, SourceLess(await RecordAsync(stored)));
        foreach (var most in new[] { 1, 2, 5, 1000 })
            Assert.Equal(expected, SourceLess(await RecordAsync(stored, from: new CutStream(stored, () => most))));
        using var result = await NormalizeAsync(stored);
        Assert.Equal(
            (true, stored.Length, Document.Length), (result.Compressed, result.StoredBytes, result.ExpandedBytes));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("Promise", "4")]
    public async Task ATruncatedOrExtendedObjectIsDamaged(string format)
    {
        var stored = Compress(format, Document);
        for (var length = 4; length < stored.Length; length += stored.Length / 50)
            await ExpectAsync(FailureReasons.ObjectDamaged, stored[..length]);
        await ExpectAsync(FailureReasons.ObjectDamaged, stored[..^1]);
        await ExpectAsync(FailureReasons.ObjectDamaged, [.. stored, 0]);
        await ExpectAsync(FailureReasons.ObjectDamaged, [.. stored, .. "xx"u8]);
    }

    [Theory]
    [InlineData("zlib")]
    [InlineData("zstd+sum")]
    [InlineData("zlib gzip")]
    [InlineData("gzip zstd")]
    [Trait("Promise", "4")]
    public async Task AFlippedBitThatChangesTheContentIsDetected(string format)
    {
        var expected = SourceLess(await RecordAsync(Document));
        var stored = Compress(format, Document);
        var found = 0;
        for (var at = 4; at < stored.Length; at += 7)
        {
            stored[at] ^= 4;
            try
            {
                // Some header bits, such as the window size, do not affect the content.
                Assert.Equal(expected, SourceLess(await RecordAsync(stored)));
            }
            catch (PipelineException damaged)
                when (damaged is { Reason: FailureReasons.ObjectDamaged, IsPermanent: false })
            {
                found++;
            }
            stored[at] ^= 4;
        }
        Assert.InRange(found, stored.Length / 7 * 9 / 10, stored.Length);
    }

    [Fact]
    public async Task SeveralZstdFramesFormOneDocument()
    {
        byte[] stored = [.. Compress("zstd", Document[..100]), .. Compress("zstd", Document[100..])];
        Assert.Equal(SourceLess(await RecordAsync(Document)), SourceLess(await RecordAsync(stored)));
    }

    [Theory]
    [InlineData("gzip gzip gzip gzip")]
    [InlineData("gzip zlib zstd gzip")]
    [Trait("Promise", "5")]
    public async Task MoreThanThreeLayersAreRefused(string format)
    {
        var message = await ExpectAsync(FailureReasons.LimitExceeded, Compress(format, Document));
        Assert.Contains("more than 3 layers", message);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zlib")]
    [InlineData("zstd")]
    [InlineData("gzip gzip")]
    [InlineData("zstd gzip")]
    [InlineData("gzip zlib zstd")]
    [Trait("Promise", "5")]
    public async Task TheRatioLimitAppliesToAllLayersTogether(string format)
    {
        // All layers together can be a bomb even if no single layer is suspicious.
        var bomb = new byte[64 << 20];
        bomb.AsSpan().Fill((byte)' ');
        Document.CopyTo(bomb.AsSpan(^Document.Length));
        Assert.Contains(
            "expands more than 500 times", await ExpectAsync(FailureReasons.LimitExceeded, Compress(format, bomb)));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task ABombIsDetectedInAnInnerLayer()
    {
        // Two MiB of empty gzip members, followed by a small document.
        var members = new MemoryStream();
        var empty = Compress("gzip", []);
        while (members.Length < 2 << 20)
            members.Write(empty);
        members.Write(Compress("gzip", Document));
        Assert.Contains(
            "expands more than",
            await ExpectAsync(
                FailureReasons.LimitExceeded, Compress("gzip", members.ToArray()), new() { MaxRatio = 50 }));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task AZstdFrameThatAsksForALargeWindowIsRefused()
    {
        using var compressor = new Compressor(3);
        compressor.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_windowLog, 27);
        var stored = new MemoryStream();
        using (var stream = new CompressionStream(stored, compressor, leaveOpen: true))
            stream.Write(Document);
        Assert.Contains("window of more than 8 MiB", await ExpectAsync(FailureReasons.LimitExceeded, stored.ToArray()));
    }

    /// <summary>Compresses bytes in layers, named from the outermost to the innermost.</summary>
    private static byte[] Compress(string format, byte[] bytes)
    {
        foreach (var layer in format.Split(' ').Reverse())
        {
            var stored = new MemoryStream();
            using (Stream stream = layer switch
            {
                "gzip" => new GZipStream(stored, CompressionLevel.Optimal, leaveOpen: true),
                "zlib" => new ZLibStream(stored, CompressionLevel.Optimal, leaveOpen: true),
                _ => Zstd(stored, withSum: layer == "zstd+sum"),
            })
                stream.Write(bytes);
            bytes = layer == "gzip" && bytes.Length == 0 ? Gzip([]) : stored.ToArray();
        }
        return bytes;
    }

    private static CompressionStream Zstd(Stream stored, bool withSum)
    {
        var stream = new CompressionStream(stored, leaveOpen: true);
        stream.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, withSum ? 1 : 0);
        return stream;
    }
}
