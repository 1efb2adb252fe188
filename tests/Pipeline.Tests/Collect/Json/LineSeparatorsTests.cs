using System.Text;
using System.Text.Json;
using Pipeline.Collect.Json;
using Pipeline.Json;
using Pipeline.Tests.Collect.Normalize;

namespace Pipeline.Tests.Collect.Json;

/// <summary>
/// NDJSON lines never hold U+2028 or U+2029 unescaped, wherever a result has them and however it is split.
/// </summary>
public sealed class LineSeparatorsTests
{
    private const string Separators = "\u2028\u2029";

    [Fact]
    public void TheOutputDoesNotDependOnWherePiecesEnd()
    {
        // Characters whose UTF-8 begins or ends like a separator's: U+2019, U+20A8, U+3028, U+00A8, U+102028.
        var text = $"{Separators}’₨〨¨\U00102028{new string('x', 29)}\u2028é{Separators}{new string('漢', 40)}\u2029";
        var raw = Encoding.UTF8.GetBytes(text);
        var expected = text.Replace("\u2028", "\\u2028", StringComparison.Ordinal)
            .Replace("\u2029", "\\u2029", StringComparison.Ordinal);

        for (var size = 1; size <= raw.Length; size++)
            Assert.Equal(expected, Copy(raw.Chunk(size)));
        for (var cut = 0; cut <= raw.Length; cut++)
            Assert.Equal(expected, Copy([raw[..cut], raw[cut..]]));
    }

    [Fact]
    public void ASeparatorIsFoundAtEveryPosition()
    {
        foreach (var around in (string[])["x", "é", "漢", "₨"])
            for (var before = 0; before < 300; before++)
            {
                var text = string.Concat(Enumerable.Repeat(around, before)) + "\u2029"
                    + string.Concat(Enumerable.Repeat(around, 300 - before));
                var utf8 = default(Utf8Validator);
                Assert.True(utf8.Append(Encoding.UTF8.GetBytes(text)));
                Assert.True(utf8.HasSeparators, $"{before} × {around}");
                Assert.Equal(
                    before * Encoding.UTF8.GetByteCount(around), LineSeparators.Find(Encoding.UTF8.GetBytes(text)));
            }
        var none = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("x₨漢〨", 200)));
        var clean = default(Utf8Validator);
        Assert.True(clean.Append(none));
        Assert.Equal((-1, false), (LineSeparators.Find(none), clean.HasSeparators));
    }

    [Fact]
    public async Task RecordsHoldNoRawSeparatorsAndTheirTextsAreUnchanged()
    {
        var document =
            $$$"""
            {"status":"success","data":{"html":"<p>{{{Separators}}}</p>","parsing":{"name":"{{{Separators}}}"}},
            "metadata":{"driver":"vx{{{Separators}}}"},
            "other":{"k{{{Separators}}}":"{{{Separators}}}"},"o{{{Separators}}}":1}
            """;

        var record = await Normal.RecordAsync(Normal.Bytes(document));

        Assert.False(record.AsSpan().ContainsAny(Separators));
        var read = JsonElement.Parse(record);
        Assert.Equal($"<p>{Separators}</p>", read.GetProperty("content").GetProperty("html").GetString());
        Assert.Equal(Separators, read.GetProperty("parsed").GetProperty("name").GetString());
        Assert.Equal($"vx{Separators}", read.GetProperty("driver").GetString());
        Assert.Equal(1, read.GetProperty("extra").GetProperty($"o{Separators}").GetInt32());
        Assert.Equal(
            Separators, read.GetProperty("extra").GetProperty("other").GetProperty($"k{Separators}").GetString());
    }

    [Fact]
    public void FailuresHoldNoRawSeparators()
    {
        var failure = Support.Some.Failure("a", $"gone{Separators}") with { Url = $"https://x/{Separators}" };

        var line = JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure);

        Assert.False(line.AsSpan().ContainsAny(Separators));
        Assert.Equal(failure.Url, JsonElement.Parse(line).GetProperty("url").GetString());
    }

    private static string Copy(IEnumerable<byte[]> pieces)
    {
        using var copy = new MemoryStream();
        var separators = default(LineSeparators);
        var utf8 = default(Utf8Validator);
        foreach (var piece in pieces)
        {
            Assert.True(utf8.Append(piece));
            ReadOnlySpan<byte> raw = piece;
            while (separators.Next(ref raw, utf8.HasSeparators, out var segment))
                copy.Write(segment);
        }
        return Encoding.UTF8.GetString(copy.ToArray());
    }
}
