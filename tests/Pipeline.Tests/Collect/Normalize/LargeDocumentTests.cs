using System.IO.Compression;
using System.Text;
using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Staging;
using static Pipeline.Tests.Collect.Normalize.Normal;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>
/// Documents large enough to be decompressed and scanned on two threads. A process reads one of them at a time, so no
/// other test runs beside these.
/// </summary>
[Collection(nameof(Alone))]
public sealed class LargeDocumentTests
{
    // Contains noise, so that the compressed object is large too.
    private static readonly string Html = string.Concat(
        Enumerable.Range(0, 250_000).Select(n => $"<p class=\\\"x\\\">{n * 7919 % 65537:x} é</p>\\n"));

    private static readonly string Text = $$"""{"url":"a","data":{"html":"{{Html}}"},"status_code":200}""";

    [Fact]
    public async Task ALargeDocumentIsReadCorrectlyHoweverItIsSplit()
    {
        var plain = Bytes(Text);
        var expected = RecordOracle.RecordOf(Text, plain.Length, compressed: false);
        Assert.Equal(expected, await RecordAsync(plain));
        var random = new Random(1);
        foreach (var most in new[] { 200, 100_000, 1 << 20 })
        {
            foreach (var stored
                in new[]
                {
                    plain,
                    Gzip(plain),
                    [.. Gzip(plain.AsSpan(0, 5_234_567)), .. Gzip(plain.AsSpan(5_234_567))],
                })
                Assert.Equal(
                    SourceLess(expected),
                    SourceLess(
                        await RecordAsync(
                            stored, from: new CutStream(stored, () => random.Next(1, most), yields: most > 200))));
        }
    }

    [Fact]
    [Trait("Promise", "4")]
    public async Task EveryFaultIsDetectedAndDoesNotAffectTheNextDocument()
    {
        var whole = Gzip(Bytes(Text));
        byte[] flipped = [.. whole];
        flipped[^6] ^= 1;
        byte[] notUtf8 = [.. Bytes(Text[..^40]), 0xFF, .. Bytes(Text[^40..])];
        var normalizer = new ResultNormalizer(new());
        foreach (var (reason, stored) in new[]
        {
            (FailureReasons.ObjectDamaged, whole[..^20]),
            (FailureReasons.ObjectDamaged, flipped),
            (FailureReasons.ResultInvalid, notUtf8),
            (FailureReasons.ResultInvalid, Gzip(Bytes(Text + "x"))),
        })
        {
            var fault = await Assert.ThrowsAsync<PipelineException>(
                async () =>
                    await normalizer.NormalizeAsync(new MemoryStream(stored), TestContext.Current.CancellationToken));
            Assert.Equal(reason, fault.Reason);
            await AssertReadsCorrectlyAsync();
        }

        var left = whole.Length;
        var reset = new CutStream(
            whole, () => (left -= 1000) > 5000 ? 1000 : throw new IOException("The connection was reset."));
        await Assert.ThrowsAsync<IOException>(
            async () => await normalizer.NormalizeAsync(reset, TestContext.Current.CancellationToken));
        await AssertReadsCorrectlyAsync();

        async Task AssertReadsCorrectlyAsync()
        {
            using var result = await normalizer.NormalizeAsync(
                new MemoryStream(Bytes(Small)), TestContext.Current.CancellationToken);
            await using var record = RecordComposer.Compose(result, Context);
            Assert.Equal(await RecordAsync(Bytes(Small)), await TextAsync(record));
        }
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task MemoryIsReturnedWhateverTheOutcome()
    {
        var whole = Gzip(Bytes(Text));
        foreach (var stored in new[] { whole, whole[..^20], Gzip(Bytes(Text[..^40] + "\u0001" + Text[^40..])) })
            await AssertMemoryReturnsAsync(new MemoryStream(stored), TestContext.Current.CancellationToken);
        // Reading an uncompressed document is faster than scanning it, so pieces are waiting when the scanner throws.
        await AssertMemoryReturnsAsync(
            new MemoryStream(Bytes(Text)), TestContext.Current.CancellationToken,
            new() { SpillAt = 5_000_000, SpillFolder = "/nowhere/at/all" });
        using var stop = new CancellationTokenSource();
        foreach (var interrupt
            in new Action[] { () => throw new IOException("The connection was reset."), stop.Cancel })
        {
            var left = whole.Length;
            var interrupted = new CutStream(whole, () =>
            {
                if ((left -= 1000) < whole.Length / 4)
                    interrupt();
                return 1000;
            });
            await AssertMemoryReturnsAsync(interrupted, stop.Token);
        }

        static async Task AssertMemoryReturnsAsync(
            Stream stored, CancellationToken cancellationToken, CollectOptions? options = null)
        {
            const int Chunks = 100;
            var pool = new StagingPool(Chunks * StagingPool.ChunkBytes);
            using (var reader = new DocumentReader(options ?? new(), pool))
            {
                var end = await Record.ExceptionAsync(
                    async () => (await reader.ReadAsync(stored, cancellationToken)).Dispose());
                Assert.True(end is null or PipelineException or IOException or OperationCanceledException, $"{end}");
            }

            for (var chunk = 0; chunk < Chunks; chunk++)
                Assert.NotNull(pool.TryRent());
            Assert.Null(pool.TryRent());
        }
    }

    [Fact]
    public async Task AFailureToSpillStopsTheHost()
    {
        var fault = await FaultAsync(Gzip(Bytes(Text)), new() { SpillAt = 5_000_000, SpillFolder = "/nowhere/at/all" });
        Assert.Equal((FailureReasons.Unavailable, true), (fault.Reason, fault.StopsHost));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task ALargeDocumentUsesLittleMemory()
    {
        var html = string.Concat(Enumerable.Repeat("<p class=\\\"x\\\">some text é</p>\\n", 600_000));
        var stored = Gzip(Bytes($$"""{"data":{"html":"{{html}}"} }"""));
        await RecordOnlyAsync(stored);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RecordOnlyAsync(stored);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 512 * 1024);
    }

    [Theory]
    [InlineData("html")]
    [InlineData("parsing")]
    [InlineData("never_heard_of")]
    [Trait("Promise", "5")]
    public async Task AStringOf300MegabytesIsNeverHeldInMemory(string field)
    {
        const int Bytes300 = 300 << 20;
        var stored = GzipOfText(field, Bytes300);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var result = await NormalizeAsync(stored);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Bytes300 / 16);
        var staged = result.Content ?? result.Parsed ?? result.Extra;
        Assert.True(staged!.IsSpilled);
        Assert.InRange(staged.Length, Bytes300, Bytes300 + 100);
    }

    /// <summary>Creates a document with one long string without holding it in memory.</summary>
    private static byte[] GzipOfText(string field, int bytes)
    {
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 8192).Select(n => $"{n:x7} ")));
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Bytes($$"""{"data":{"{{field}}":" """.TrimEnd()));
            for (var written = 0; written < bytes; written += text.Length)
                gzip.Write(text.AsSpan(0, Math.Min(text.Length, bytes - written)));
            gzip.Write("\"}}"u8);
        }
        return stored.ToArray();
    }
}
