using System.IO.Compression;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Model;
using Pipeline.Tests.Collect.Normalize;
using static Pipeline.Tests.Collect.Normalize.Normal;

namespace Pipeline.Tests.Collect;

/// <summary>
/// Gzip of every kind, compared with <see cref="GZipStream"/>, and objects made to exhaust their reader.
/// </summary>
public sealed class HostileObjectTests
{
    [Fact]
    public void AValidGzipObjectIsAcceptedHoweverItWasWrittenAndSplit() =>
        Prop.ForAll(
            ResultDocuments.Any.ToArbitrary(),
            Gen.Choose(1, 400).NonEmptyListOf().ToArbitrary(),
            Gen.Elements(Enum.GetValues<CompressionLevel>()).ToArbitrary(),
            (document, sizes, level) => IsTakenAsync(document, [.. sizes], level).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    private static async Task<bool> IsTakenAsync(string document, int[] sizes, CompressionLevel level)
    {
        var plain = Bytes(document);
        var cut = sizes[0] % (plain.Length + 1);
        byte[] stored = [.. Gzip(plain.AsSpan(0, cut), level), .. Gzip(plain.AsSpan(cut), level)];
        Assert.Equal(plain, Expand(stored));
        var next = 0;
        Assert.Equal(
            RecordOracle.RecordOf(document.TrimStart('\uFEFF'), stored.Length, compressed: true),
            await RecordAsync(stored, from: new CutStream(stored, () => sizes[next++ % sizes.Length])));
        return true;
    }

    [Fact]
    [Trait("Promise", "4")]
    public void AChangedGzipObjectIsAcceptedOnlyIfItsContentIsUnchanged() =>
        Prop.ForAll(
            Gen.Choose(0, int.MaxValue).ToArbitrary(),
            seed => IsNeverWrongAsync(new System.Random(seed)).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(4000));

    private static async Task<bool> IsNeverWrongAsync(System.Random random)
    {
        byte[] whole = [.. Gzip(Bytes(Small).AsSpan(0, 77)), .. Gzip(Bytes(Small).AsSpan(77))];
        var (from, to) = (random.Next(whole.Length), random.Next(whole.Length));
        var inserted = new byte[random.Next(5)];
        random.NextBytes(inserted);
        byte[] changed = random.Next(3) switch
        {
            0 => [.. whole[..from], .. inserted, .. whole[Math.Min(whole.Length, from + inserted.Length)..]],
            1 => [.. whole[..from], .. inserted, .. whole[from..]],
            _ => [.. whole[..Math.Max(from, to)], .. whole[Math.Min(from, to)..]],
        };
        try
        {
            Assert.Equal(SourceLess(await RecordAsync(Bytes(Small))), SourceLess(await RecordAsync(changed)));
        }
        catch (PipelineException fault) when (fault.IsPermanent)
        {
            // A member is missing or repeated: each member is intact, but together they are not one document.
            Assert.Equal(FailureReasons.ResultInvalid, fault.Reason);
        }
        catch (PipelineException fault)
        {
            Assert.Equal(FailureReasons.ObjectDamaged, fault.Reason);
        }
        return true;
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    [Trait("Promise", "5")]
    public async Task ADocumentOfTenThousandLevelsIsRefusedWithoutRecursion(string open, string close)
    {
        var (down, up) = (
            string.Concat(Enumerable.Repeat(open, 10_000)), string.Concat(Enumerable.Repeat(close, 10_000)));
        var deep = Bytes($$"""{"data":{"parsing":{{down}}1{{up}}} }""");
        Assert.Contains("nested deeper than 256 levels", await ExpectAsync(FailureReasons.LimitExceeded, deep));
        Assert.Contains("nested deeper than 256 levels", await ExpectAsync(FailureReasons.LimitExceeded, Gzip(deep)));
    }

    private static byte[] Expand(byte[] stored)
    {
        using var gzip = new GZipStream(new MemoryStream(stored), CompressionMode.Decompress);
        var expanded = new MemoryStream();
        gzip.CopyTo(expanded);
        return expanded.ToArray();
    }
}
