using System.Text;
using System.Text.Unicode;
using Pipeline.Collect.Json;

namespace Pipeline.Tests.Collect.Json;

[Trait("Promise", "4")]
public sealed class Utf8BlocksTests
{
    // Every lead byte with bytes that may and may not follow it: the range limits of table 3-7 of the Unicode standard.
    private static readonly byte[] Edges =
        [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF];

    [Theory]
    [InlineData(0)]
    [InlineData(29)]
    [InlineData(31)]
    [InlineData(126)]
    [InlineData(140)]
    [InlineData(300)]
    public void EveryFourByteSequenceIsValidatedLikeTheLibraryAtEveryOffset(int before)
    {
        var bytes = Encoding.ASCII.GetBytes(new string('x', before + 4 + 40));
        foreach (var a in Edges)
        foreach (var b in Edges)
        foreach (var c in Edges)
        foreach (var d in Edges)
        {
            (bytes[before], bytes[before + 1], bytes[before + 2], bytes[before + 3]) = (a, b, c, d);
            AssertAgrees(bytes);
            AssertAgrees(bytes.AsSpan(0, before + 4));
        }
    }

    [Fact]
    public void TextWithOneChangedByteIsValidatedLikeTheLibrary()
    {
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var text = new StringBuilder();
            for (var letters = random.Next(200); letters > 0; letters--)
                text.Append(
                    char.ConvertFromUtf32(
                        random.Next(4) switch { 0 => random.Next(0x80), 1 => random.Next(0x80, 0x800),
                            2 => random.Next(0xE000, 0x10000), _ => random.Next(0x10000, 0x110000) }));
            var bytes = Encoding.UTF8.GetBytes(text.ToString());
            Assert.True(AreValid(bytes));
            if (bytes.Length == 0)
                continue;
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            AssertAgrees(bytes);
        }
    }

    private static void AssertAgrees(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes) != AreValid(bytes))
            Assert.Fail($"{Convert.ToHexString(bytes)} is {(Utf8.IsValid(bytes) ? "" : "not ")}UTF-8.");
    }

    private static bool AreValid(ReadOnlySpan<byte> bytes)
    {
        var hasSeparators = false;
        return Utf8Blocks.AreValid(bytes, ref hasSeparators);
    }
}
