using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect.Normalize;

[Trait("Promise", "4")]
public sealed class ResultNormalizerTests
{
    [Fact]
    public void EveryDocumentGivesTheOraclesRecordHoweverItIsSplit() =>
        Prop.ForAll(
            ResultDocuments.Any.ToArbitrary(),
            Gen.Choose(0, int.MaxValue).ToArbitrary(),
            (document, seed) => Agrees(document, new System.Random(seed)).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(600));

    private static async Task<bool> Agrees(string document, System.Random random)
    {
        var compressed = random.Next(2) == 0;
        var plain = Encoding.UTF8.GetBytes(document);
        var stored = compressed ? Normal.Gzip(plain) : plain;
        var options = new CollectOptions
        {
            Content = random.Next(3) == 0 ? ContentMode.Reference : ContentMode.Inline,
            SpillAt = random.Next(2) * 1_000_000,
        };
        var most = random.Next(1, 40);
        var record = await Normal.RecordAsync(
            stored, options, new CutStream(stored, () => random.Next(1, most), yields: random.Next(4) == 0));
        Assert.Equal(
            RecordOracle.RecordOf(
                document.TrimStart('\uFEFF'), stored.Length, compressed, options.Content == ContentMode.Reference),
            record);
        // The schema validator fails on integers of more than 64 bits.
        Assert.Equal(
            HasEmptyStatus(document) ? 1 : 0,
            RecordSchema.Validate(
                record.Replace("123456789012345678901234567890", "0", StringComparison.Ordinal)).Count);
        return true;
    }

    /// <summary>
    /// Whether the status is empty: the generator makes such documents, but the stage checks them, not the normalizer.
    /// </summary>
    private static bool HasEmptyStatus(string document)
    {
        using var json = System.Text.Json.JsonDocument.Parse(document.TrimStart('\uFEFF'));
        return json.RootElement.TryGetProperty("status", out var status)
            && status.ValueKind == System.Text.Json.JsonValueKind.String && status.GetString() == "";
    }

    [Fact]
    public async Task TheSmallFieldsAreRead()
    {
        using var result = await Normal.NormalizeAsync(Normal.Gzip(Normal.Bytes(
            """{"metadata":{"tag":"t","locale":"de-DE","country":"DE","driver":"vx8","query_time":"2026-01-01T00:00:"""
                + """00Z","query_duration":12.6},"status_code":"""
                + """404,"status":"blocked","task_id":"t-1","url":"https://x/"}""")));
        Assert.Equal(
            ("https://x/", "t-1", "blocked", 404, "vx8", "DE", "de-DE", "t", 13L, "2026-01-01T00:00:00Z"),
            (result.Url, result.TaskId, result.Status, result.StatusCode, result.Driver, result.Country,
                result.Locale, result.Tag, result.DurationMs, result.QueryTime));
        Assert.True(result.Compressed);
        Assert.Equal(201, result.ExpandedBytes);
    }

    [Fact]
    public async Task EverySplitOfADocumentInTwoGivesTheSameRecord()
    {
        var stored = Normal.Bytes("""
            {"data":{"html":"é\u00e9\ud83d\ude00😀\n\"\\","parsed":[-1.5e+10,true,null, "😀\ud83d\ude00" ],
            "k\u00e9y":0},"status_code":200,"x\u0009y":"\/"}
            """.ReplaceLineEndings(""));
        var expected = await Normal.RecordAsync(stored);
        for (var cut = 1; cut < stored.Length; cut++)
        {
            var sizes = new Queue<int>([cut, stored.Length]);
            Assert.Equal(
                expected,
                await Normal.RecordAsync(
                    stored, from: new CutStream(stored, () => sizes.TryDequeue(out var size) ? size : stored.Length)));
        }
    }

    [Theory]
    [InlineData("é")]
    [InlineData("😀")]
    [InlineData("\\n")]
    [InlineData("\\u00e9")]
    [InlineData("\\ud83d\\ude00")]
    public async Task TextAcrossABufferBoundaryStaysIntact(string piece)
    {
        // Buffers are 64 KiB and pieces a little smaller: move the piece over every offset around both boundaries.
        for (var shift = 0; shift < 100; shift++)
        {
            var document = $$"""{"data":{"html":"{{new string('x', 65_440 + shift)}}{{piece}}yz"} }""";
            var stored = Normal.Bytes(document);
            Assert.Equal(
                RecordOracle.RecordOf(document, stored.Length, compressed: false), await Normal.RecordAsync(stored));
        }
    }

    [Fact]
    public async Task ARecordIsTheSameInMemoryAndSpilled()
    {
        var document =
            $$"""{"data":{"html":"{{new string('h', 300_000)}}","parsed":"""
                + $$"""["{{new string('p', 300_000)}}"],"pdf":"{{new string('e', 300_000)}}"} }""";
        using var folder = new TempFolder();
        var options = new CollectOptions { SpillAt = 100_000, SpillFolder = folder.Path };
        var stored = Normal.Bytes(document);
        Assert.Equal(await Normal.RecordAsync(stored), await Normal.RecordAsync(stored, options));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task ADamagedDocumentDoesNotAffectTheNextOne()
    {
        var normalizer = new ResultNormalizer(new());
        var expected = await Normal.RecordAsync(Normal.Bytes(Normal.Small));
        var bad = Normal.Gzip(
            Normal.Bytes(
                $$"""{"url":"stale","extra":"stale","data":{"html":"stale{{new string('s', 200_000)}}","parsed":"""
                    + """["stale"]},"metadata":{"tag":"stale"} }"""));
        for (var cut = 20; cut < bad.Length; cut += 7)
        {
            await Assert.ThrowsAsync<PipelineException>(
                () =>
                    normalizer.NormalizeAsync(
                        new MemoryStream(bad, 0, cut), TestContext.Current.CancellationToken).AsTask());
            using var result = await normalizer.NormalizeAsync(
                new MemoryStream(Normal.Bytes(Normal.Small)), TestContext.Current.CancellationToken);
            await using var record = RecordComposer.Compose(result, Normal.Context);
            Assert.Equal(expected, await Normal.TextAsync(record));
        }
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "not JSON", """{"url":"stale","stale":1,"data":{"html":"stale","parsed":["stale"]},"metadata":"""
            + """{"tag":"stale"}} stale""" },
        { "not UTF-8", $$"""{"stale":1,"data":{"html":"stale{{new string('s', 100_000)}}ÿ"} }""" },
        { "a field twice", """{"stale":1,"url":"stale","data":{"html":"stale"},"url":"stale"}""" },
        { "an unknown field twice", """{"stale":1,"url":"stale","kept":2,"kept":3}""" },
        { "a wrong type", """{"stale":1,"status_code":"stale","data":["stale"]}""" },
        { "several in a list", """[{"stale":1,"data":{"html":"stale"}},{"stale":1}]""" },
        { "too deep", $$"""{"stale":1,"data":{"parsed":{{new string('[', 300)}}""" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task ARefusedDocumentDoesNotAffectTheNextOne(string why, string document)
    {
        var refused = (why == "not UTF-8" ? Encoding.Latin1 : Encoding.UTF8).GetBytes(document);
        var normalizer = new ResultNormalizer(new());
        for (var n = 0; n < 3; n++)
        {
            await Assert.ThrowsAsync<PipelineException>(
                () =>
                    normalizer.NormalizeAsync(
                        new MemoryStream(refused), TestContext.Current.CancellationToken).AsTask());
            await AssertReadsCorrectlyAsync(normalizer);
            await AssertReadsCorrectlyAsync(normalizer);
        }
    }

    [Fact]
    public async Task AFailedOrCancelledReadDoesNotAffectTheNextOne()
    {
        var normalizer = new ResultNormalizer(new());
        var stored = Normal.Gzip(
            Normal.Bytes($$"""{"stale":1,"data":{"html":"stale{{Convert.ToHexString(Some.Bytes(100_000))}}"} }"""));
        for (var at = 1; at < stored.Length; at += 9_000)
        {
            await Assert.ThrowsAsync<IOException>(
                () =>
                    normalizer.NormalizeAsync(
                        new BrokenStream(stored, at, new IOException("The connection was reset.")),
                        TestContext.Current.CancellationToken).AsTask());
            await AssertReadsCorrectlyAsync(normalizer);
            await Assert.ThrowsAsync<OperationCanceledException>(
                () =>
                    normalizer.NormalizeAsync(
                        new BrokenStream(stored, at, new OperationCanceledException()),
                        TestContext.Current.CancellationToken).AsTask());
            await AssertReadsCorrectlyAsync(normalizer);
        }
    }

    [Fact]
    public async Task EveryDocumentIsReadAsIfItWereTheFirst()
    {
        var normalizer = new ResultNormalizer(new());
        string[] documents =
        [
            """{"url":"a","kept":1,"status":"success","data":{"html":"a","parsed":[1]},"metadata":"""
                + """{"driver":"vx6","country":"US","locale":"de","tag":"x"} }""",
            """{"kept":2,"data":{"text":"b"} }""",
            """{"url":"a","kept":3,"status":"failed","data":{"html":"c","parsing":{}},"metadata":"""
                + """{"driver":"ü","country":"DE","locale":""} }""",
            "{}",
            """{"status":"failed","metadata":{"driver":"ü"} }""",
        ];
        foreach (var document in (IEnumerable<string>)[.. documents, .. documents])
        {
            var stored = Normal.Bytes(document);
            using var result = await normalizer.NormalizeAsync(
                new MemoryStream(stored), TestContext.Current.CancellationToken);
            await using var record = RecordComposer.Compose(result, Normal.Context);
            Assert.Equal(
                RecordOracle.RecordOf(document, stored.Length, compressed: false), await Normal.TextAsync(record));
        }
    }

    [Fact]
    public async Task ConsecutiveBackslashesAreUnescapedAtEveryPosition()
    {
        foreach (var end in new[] { "", "n", "r", "b", "/", "\"", "u00e9", "ud83d\\ude00" })
        {
            for (var before = 0; before < 70; before++)
            {
                for (var pairs = 0; pairs < 36; pairs += pairs < 4 ? 1 : 7)
                {
                    var row = string.Concat(Enumerable.Repeat("\\\\", pairs)) + (end.Length > 0 ? "\\" + end : "");
                    var html = $"{new string('r', before)}{row}x{row}{new string('n', 80)}";
                    var document = $$"""{"data":{"html":"{{html}}","text":"\"{{row}}"} }""";
                    var stored = Normal.Bytes(document);
                    Assert.Equal(
                        RecordOracle.RecordOf(document, stored.Length, compressed: false),
                        await Normal.RecordAsync(stored));
                }
            }
        }
    }

    private static async Task AssertReadsCorrectlyAsync(ResultNormalizer normalizer)
    {
        using var result = await normalizer.NormalizeAsync(
            new MemoryStream(Normal.Bytes(Normal.Small)), TestContext.Current.CancellationToken);
        await using var record = RecordComposer.Compose(result, Normal.Context);
        Assert.Equal(await Normal.RecordAsync(Normal.Bytes(Normal.Small)), await Normal.TextAsync(record));
    }

    /// <summary>A stream that gives some bytes and then fails.</summary>
    private sealed class BrokenStream(byte[] bytes, int count, Exception fault) : MemoryStream(bytes, 0, count)
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? await base.ReadAsync(buffer, cancellationToken) : throw fault;
    }

    [Fact]
    public async Task ConcurrentDocumentsDoNotMix()
    {
        var normalizer = new ResultNormalizer(new() { SpillAt = 50_000 });
        await Parallel.ForAsync(0, 64, TestContext.Current.CancellationToken, async (n, cancellationToken) =>
        {
            var document =
                $$"""{"task_id":"t-{{n}}","data":"""
                    + $$"""{"html":"{{string.Concat(Enumerable.Repeat($"{n} ", 20_000 + n))}}"} }""";
            var stored = Normal.Gzip(Normal.Bytes(document));
            using var result = await normalizer.NormalizeAsync(
                new CutStream(stored, () => 1000, yields: true), cancellationToken);
            await using var record = RecordComposer.Compose(result, Normal.Context);
            Assert.Equal(
                RecordOracle.RecordOf(document, stored.Length, compressed: true), await Normal.TextAsync(record));
        });
    }
}
