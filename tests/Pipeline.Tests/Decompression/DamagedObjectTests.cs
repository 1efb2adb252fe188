using System.Buffers.Binary;
using System.IO.Hashing;
using Pipeline.Model;
using Pipeline.Tests.Collect.Normalize;
using static Pipeline.Tests.Collect.Normalize.Normal;

namespace Pipeline.Tests.Decompression;

/// <summary>Promise 4: a damaged object is never emitted.</summary>
[Trait("Promise", "4")]
public sealed class DamagedObjectTests
{
    private static readonly byte[] Whole = Gzip(Bytes(Small));

    [Fact]
    public async Task EveryTruncationOfAGzipObjectIsDamage()
    {
        for (var length = 0; length < Whole.Length; length++)
            await ExpectAsync(FailureReasons.ObjectDamaged, Whole[..length]);
    }

    [Fact]
    public async Task EveryTruncationOfALargeGzipObjectIsDamage()
    {
        var random = new Random(1);
        var html = string.Concat(Enumerable.Range(0, 30_000).Select(_ => random.Next()));
        var large = Gzip(Bytes($$"""{"data":{"html":"{{html}}"} }"""));
        for (var length = 1; length < large.Length; length += length < large.Length - 40 ? 7_919 : 1)
            await ExpectAsync(FailureReasons.ObjectDamaged, large[..length]);
    }

    [Fact]
    public async Task EveryTruncationOfAPlainObjectIsDamage()
    {
        var plain = Bytes(Small);
        for (var length = 0; length < plain.Length; length++)
            await ExpectAsync(FailureReasons.ObjectDamaged, plain[..length]);
    }

    [Fact]
    public async Task EveryFlippedBitOfAGzipObjectIsDamageUnlessTheContentIsUnchanged()
    {
        var expected = await RecordAsync(Whole);
        for (var bit = 0; bit < Whole.Length * 8; bit++)
        {
            var flipped = (byte[])Whole.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            // FTEXT, time, extra flags and operating system do not affect the content, and the last byte of deflate
            // data may have unused bits.
            if (bit / 8 is >= 4 and < 10 || bit == 3 * 8
                || (bit / 8 == Whole.Length - 9 && bit % 8 > 0 && await PassesAsync(flipped)))
                Assert.Equal(expected, await RecordAsync(flipped));
            else
                await ExpectAsync(FailureReasons.ObjectDamaged, flipped);
        }
    }

    [Fact]
    public async Task FlippedBitsOfALargeGzipObjectAreNeverEmitted()
    {
        var random = new Random(2);
        var html = string.Concat(Enumerable.Range(0, 20_000).Select(n => (char)('a' + (n * n % 26))));
        var large = Gzip(Bytes($$"""{"data":{"html":"{{html}}"} }"""));
        for (var n = 0; n < 500; n++)
        {
            var flipped = (byte[])large.Clone();
            flipped[random.Next(10, large.Length)] ^= (byte)(1 << random.Next(8));
            await ExpectAsync(FailureReasons.ObjectDamaged, flipped);
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\0")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0")]
    [InlineData("\u001f")]
    [InlineData("{}")]
    public async Task AnyBytesAfterTheGzipTrailerAreDamage(string garbage) =>
        Assert.Contains(
            "has bytes after its gzip data",
            await ExpectAsync(FailureReasons.ObjectDamaged, [.. Whole, .. Bytes(garbage)]));

    [Fact]
    public async Task AnyBytesBetweenTheDataAndTheTrailerAreDamage()
    {
        var random = new Random(5);
        var large = Gzip(
            Bytes(
                $$"""{"data":{"html":"{{string.Concat(Enumerable.Range(0, 5_000).Select(_ => random.Next()))}}"} }"""));
        foreach (var whole in new[] { Whole, large })
        {
            for (var length = 1; length < 40; length++)
            {
                byte[] apart = [.. whole[..^8], .. new byte[length], .. whole[^8..]];
                await ExpectAsync(FailureReasons.ObjectDamaged, apart);
                await ExpectAsync(FailureReasons.ObjectDamaged, [.. apart, .. Gzip([])]);
                await ExpectAsync(
                    FailureReasons.ObjectDamaged,
                    [.. Gzip([])[..^8], .. new byte[length], .. Gzip([])[^8..], .. whole]);
            }
            await ExpectAsync(FailureReasons.ObjectDamaged, [.. whole, .. whole[^8..]]);
        }
    }

    [Fact]
    public async Task APartialSecondGzipMemberIsDamage()
    {
        for (var length = 2; length < Whole.Length; length++)
            await ExpectAsync(FailureReasons.ObjectDamaged, [.. Whole, .. Whole[..length]]);
    }

    [Fact]
    public async Task AnObjectWithOnlyAHeaderIsDamage() =>
        Assert.Contains(
            "ends inside its compressed data", await ExpectAsync(FailureReasons.ObjectDamaged, Whole[..10]));

    [Fact]
    public async Task AnEmptyObjectIsDamage() =>
        Assert.Equal("The stored object is empty, at byte 0.", await ExpectAsync(FailureReasons.ObjectDamaged, []));

    [Fact]
    public async Task AGzippedEmptyDocumentIsDamage() =>
        Assert.Contains("is cut off", await ExpectAsync(FailureReasons.ObjectDamaged, Gzip([])));

    [Fact]
    public async Task AGzippedHalfDocumentIsDamage() =>
        Assert.Contains(
            "is cut off at byte 50.",
            await ExpectAsync(FailureReasons.ObjectDamaged, Gzip(Bytes(Small).AsSpan(0, 50))));

    [Fact]
    public async Task ATrailerWithTheWrongLengthIsDamage()
    {
        var wrong = (byte[])Whole.Clone();
        BinaryPrimitives.WriteUInt32LittleEndian(wrong.AsSpan(wrong.Length - 4), 1_000_000);
        Assert.Contains("does not match its gzip trailer", await ExpectAsync(FailureReasons.ObjectDamaged, wrong));
    }

    [Fact]
    public async Task ConsecutiveGzipMembersFormOneDocument()
    {
        var expected = await RecordAsync(Bytes(Small));
        var bytes = Bytes(Small);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            byte[] stored = [.. Gzip([]), .. Gzip(bytes.AsSpan(0, cut)), .. Gzip(bytes.AsSpan(cut)), .. Gzip([])];
            Assert.Equal(SourceLess(expected), SourceLess(await RecordAsync(stored)));
            await ExpectAsync(FailureReasons.ObjectDamaged, stored[..^1]);
        }
    }

    [Fact]
    public async Task LargeConsecutiveGzipMembersFormOneDocument()
    {
        var random = new Random(3);
        var bytes = Bytes(
            $$"""{"data":{"html":"{{string.Concat(Enumerable.Range(0, 40_000).Select(_ => random.Next()))}}"} }""");
        byte[] stored =
        [
            .. Gzip(bytes.AsSpan(0, 123_456)),
            .. Gzip(bytes.AsSpan(123_456, 1)),
            .. Gzip(bytes.AsSpan(123_457)),
        ];
        Assert.Equal(SourceLess(await RecordAsync(bytes)), SourceLess(await RecordAsync(stored)));
        Assert.Equal(
            SourceLess(await RecordAsync(bytes)),
            SourceLess(await RecordAsync(stored, from: new CutStream(stored, () => random.Next(1, 5)))));
    }

    [Fact]
    public async Task AGzipHeaderMayHaveAllOptionalFields()
    {
        byte[] header =
        [
            0x1F,
            0x8B,
            8,
            2 | 4 | 8 | 16,
            0,
            0,
            0,
            0,
            0,
            3,
            3,
            0,
            1,
            2,
            3,
            .. "name"u8,
            0,
            .. "comment"u8,
            0,
        ];
        var crc = (ushort)Crc32.HashToUInt32(header);
        byte[] stored = [.. header, (byte)crc, (byte)(crc >> 8), .. Whole[10..]];
        Assert.Equal(SourceLess(await RecordAsync(Whole)), SourceLess(await RecordAsync(stored)));
        stored[15] ^= 1;
        Assert.Contains(
            "header that does not match its checksum", await ExpectAsync(FailureReasons.ObjectDamaged, stored));
        for (var length = 10; length < header.Length + 2; length++)
            Assert.Contains(
                "ends inside its gzip header", await ExpectAsync(FailureReasons.ObjectDamaged, stored[..length]));
    }

    [Fact]
    public async Task AnInvalidDocumentInADamagedObjectIsReportedAsDamage()
    {
        var wrong = Gzip(Bytes("""{"data":[5],"more":"bytes so that there is something left to damage"}"""));
        await ExpectAsync(FailureReasons.ResultInvalid, wrong);
        wrong[^6] ^= 1;
        await ExpectAsync(FailureReasons.ObjectDamaged, wrong);
        await ExpectAsync(FailureReasons.ObjectDamaged, wrong[..^9]);
    }

    [Fact]
    public async Task DamageThatTheStoreReportsOverridesAnInvalidPlainDocument()
    {
        var store = new FaultyEnd(Bytes("""{"data":[5]}"""));
        Assert.Equal(
            "The store's checksum does not match.", await ExpectAsync(FailureReasons.ObjectDamaged, [], from: store));
    }

    private static async Task<bool> PassesAsync(byte[] stored)
    {
        try
        {
            await RecordOnlyAsync(stored);
            return true;
        }
        catch (PipelineException)
        {
            return false;
        }
    }

    private sealed class FaultyEnd(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0
                ? read
                : throw PipelineException.Transient(
                    FailureReasons.ObjectDamaged, "The store's checksum does not match.");
        }
    }
}
