using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Records;
using Pipeline.Tests.Support;
using Record = Pipeline.Records.Record;

namespace Pipeline.Tests.Records;

/// <summary>The reader of the consumer library: every record, or an error that says where.</summary>
public sealed class RecordReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AFileGivesItsRecordsInOrderWithTheirPositions(bool isGzip)
    {
        using var folder = new TempFolder();
        var lines = Enumerable.Range(0, 300).Select(i => RecordLine.Of(i, html: new string('x', i * 7))).ToList();
        var file = folder["records"];
        await File.WriteAllBytesAsync(
            file, isGzip ? Gzip(lines) : Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"), Token);

        await using var reader = RecordReader.OpenFile(file);
        var records = await reader.ReadAsync(Token).ToListAsync(Token);

        Assert.Equal(Enumerable.Range(0, 300).Select(RecordLine.Id), records.Select(r => r.Id));
        Assert.All(records, record => Assert.True(record.IsContentVerified));
        Assert.Equal(299 * 7, records[^1].Content!.Html!.Length);
        var place = records[200].Position!;
        Assert.Equal((file, 201), (place.Name, place.Line));
        Assert.Equal(
            lines.Take(200).Sum(line => isGzip ? RecordLine.Member(line).Length : line.Length + 1), place.Offset);
    }

    [Fact]
    public async Task PiecesOfOneByteGiveTheSameRecords()
    {
        const string Text = "a\u00e9\ud83d\ude00\n\"\\";
        string[] lines = [RecordLine.Of(1, Text, encoder: JavaScriptEncoder.Default), RecordLine.Of(2)];
        foreach (var bytes in new[] { Gzip(lines), Encoding.UTF8.GetBytes(string.Join("\r\n\n", lines)) })
        {
            var records = await ReadAsync(new TrickleStream(bytes));

            Assert.Equal([Text, "<p>page</p>"], records.Select(r => r.Content!.Html));
        }
    }

    /// <summary>.NET's own GZipStream accepts a truncated file as complete.</summary>
    [Fact]
    public async Task AGzipFileCutAnywhereGivesNoErrorOnlyBetweenMembers()
    {
        var members = Enumerable.Range(0, 3).Select(i => RecordLine.Member(RecordLine.Of(i))).ToList();
        var bytes = members.SelectMany(member => member).ToArray();
        var ends = members.Select((_, i) => members.Take(i + 1).Sum(m => m.Length)).Prepend(0).ToList();
        var near = ends.SelectMany(end => Enumerable.Range(end - 12, 24)).Where(cut => cut >= 0 && cut < bytes.Length);
        foreach (var cut in near.Union(Enumerable.Range(0, bytes.Length / 29).Select(i => i * 29)))
        {
            var error = await Xunit.Record.ExceptionAsync(() => ReadAsync(new MemoryStream(bytes[..cut])));

            Assert.True(ends.Contains(cut) == error is null, $"{cut}: {error}");
            Assert.True(error is null or RecordException { Fault: RecordFault.Damaged } || cut < 3, $"{cut}: {error}");
        }
    }

    /// <summary>The digest covers the content only; the checksum behind the record covers the rest.</summary>
    [Fact]
    [Trait("Promise", "4")]
    public async Task ARecordIsGivenOnlyAfterTheChecksumOfItsMember()
    {
        var first = RecordLine.Member(RecordLine.Of(0));
        var second = RecordLine.Member(RecordLine.Of(1));
        second[^6] ^= 1;
        var given = new List<string>();

        await using var reader = RecordReader.Open(new MemoryStream([.. first, .. second]), "stream");
        await Assert.ThrowsAsync<RecordException>(async () =>
        {
            await foreach (var record in reader.ReadAsync(Token))
                given.Add(record.Id);
        });

        Assert.Equal([RecordLine.Id(0)], given);
    }

    [Fact]
    public async Task AByteChangedAnywhereInAGzipFileIsFound()
    {
        var member = RecordLine.Member(RecordLine.Of(1), CompressionLevel.NoCompression);
        for (var at = 0; at < member.Length; at++)
        {
            // Time, level and system in the header have no effect, nor has the padding in a stored block's header.
            if (at is >= 4 and <= 10)
                continue;
            var changed = member.ToArray();
            changed[at] ^= 0x10;

            await Assert.ThrowsAsync<RecordException>(
                () => ReadAsync(new MemoryStream([.. RecordLine.Member(RecordLine.Of(0)), .. changed])));
        }
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("\u001f\u008b")]
    public async Task BytesAfterTheLastMemberAreFound(string garbage)
    {
        var bytes = Gzip([RecordLine.Of(1)]);

        var error = await Assert.ThrowsAsync<RecordException>(
            () => ReadAsync(new MemoryStream([.. bytes, .. Encoding.Latin1.GetBytes(garbage)])));

        Assert.Equal(RecordFault.Damaged, error.Fault);
        Assert.Contains("gzip", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALineThatIsWrongIsReportedWithItsPlaceAndTheNextOnesAreRead()
    {
        var problems = new List<RecordException>();
        string[] lines =
        [
            RecordLine.Of(0),
            RecordLine.Of(1).Replace("003Epage", "003EPage", StringComparison.Ordinal),
            RecordLine.Of(2)[..^9],
            "{\"schema\":\"pipeline.record/1\"}",
            "[]",
            RecordLine.Of(3) + "}",
            RecordLine.Of(4, extra: ",\"content\":{\"html\":\"\"}"),
            "{\"schema\":\"pipeline.record/2\"" + RecordLine.Of(5)[28..],
            RecordLine.Of(6),
        ];

        var records = await ReadAsync(
            new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines))), new() { OnProblem = problems.Add });

        Assert.Equal([RecordLine.Id(0), RecordLine.Id(6)], records.Select(record => record.Id));
        Assert.Equal([2, 3, 4, 5, 6, 7, 8], problems.Select(problem => problem.Position!.Line));
        Assert.Equal(lines[0].Length + 1, problems[0].Position!.Offset);
        Assert.Equal((RecordFault.Damaged, RecordLine.Id(1)), (problems[0].Fault, problems[0].RecordId));
        Assert.All(problems[1..], problem => Assert.Equal(RecordFault.Invalid, problem.Fault));
    }

    [Fact]
    public async Task AnyTextIsReadAsTheSerializerReadsIt()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var text = RandomText(random);
            var line = RecordLine.Of(
                round, html: text, text: "x",
                encoder: round % 2 == 0 ? JavaScriptEncoder.Default : JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

            var record = Assert.Single(await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(line))));

            Assert.Equal(text, record.Content!.Html);
            Assert.Equal(JsonSerializer.Deserialize(line, RecordsJson.Default.Record)!.Content!.Html, text);
        }
    }

    [Fact]
    public async Task LargeMembersAreReadFromStreamsAndCanBeReadTwice()
    {
        var html = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"<p>{i} \u00e9\ud83d\ude00</p>\n"));
        var parsed = "{\"rows\":[" + string.Join(',', Enumerable.Range(0, 60_000)) + "]}";
        var lines = Enumerable.Range(0, 3).Select(
            i => RecordLine.Of(i, html, text: "small", extra: $",\"parsed\":{parsed},\"tag\":\"t\"")).ToList();
        var seen = 0;

        await using var reader = RecordReader.Open(
            new MemoryStream(Gzip(lines)), "stream", new() { MaxMemoryBytes = 10_000 });
        await foreach (var record in reader.ReadAsync(Token))
        {
            seen++;
            Assert.Equal((null, "small", "t"), (record.Content!.Html, record.Content.Text, record.Tag));
            Assert.Null(record.Parsed);
            Assert.True(record.IsContentVerified);
            Assert.Equal(Encoding.UTF8.GetByteCount(html), record.LargeMembers["html"]);
            for (var time = 0; time < 2; time++)
            {
                Assert.Equal(html, await TextAsync(record, "html"));
                Assert.Equal(parsed, await TextAsync(record, "parsed"));
                Assert.Equal("small", await TextAsync(record, "text"));
            }
            Assert.Null(record.OpenRead("markdown"));
        }
        Assert.Equal(3, seen);
    }

    /// <summary>
    /// Members after the content must not be limited by its size: without its digest a record is invalid.
    /// </summary>
    [Fact]
    public async Task ContentOfAnyLengthAroundTheLimitLeavesTheSmallMembersInMemory()
    {
        const int Limit = 4000;
        for (var length = Limit - 1000; length < Limit + 10; length += 3)
        {
            var line = RecordLine.Of(
                1, html: new string('x', length),
                extra: ",\"parsed\":{\"a\":1},\"change\":\"new\",\"tag\":\"t\"");

            var record = Assert.Single(
                await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(line)), new() { MaxMemoryBytes = Limit }));

            Assert.True(record.IsContentVerified);
            Assert.Equal(("new", "t"), (record.Change, record.Tag));
            Assert.Equal(length, record.Content?.Html?.Length ?? record.LargeMembers["html"]);
        }
    }

    [Fact]
    public async Task ASmallMemberThatIsNotSmallIsAFaultOfItsRecord()
    {
        var line = RecordLine.Of(1, extra: $",\"tag\":\"{new string('t', 9000)}\"");

        var error = await Assert.ThrowsAsync<RecordException>(() => ReadAsync(
            new MemoryStream(Encoding.UTF8.GetBytes(line)), new() { MaxMemoryBytes = 4000 }));

        Assert.Contains("'tag' has more than 4000 bytes", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Names are kept in memory, so the file must not decide their number or length.</summary>
    [Theory]
    [InlineData(5000, 4, "more than 4096 members")]
    [InlineData(1, 2000, "the name of a member has more than 1024 bytes")]
    public async Task TheMembersOfARecordAreFewAndHaveShortNames(int members, int length, string problem)
    {
        var names = Enumerable.Range(0, members).Select(i => $",\"{i.ToString($"d{length}")}\":[1,2,3]");
        var lines = $"{RecordLine.Of(1, extra: string.Concat(names))}\n{RecordLine.Of(2)}";
        var problems = new List<RecordException>();

        var records = await ReadAsync(
            new MemoryStream(Encoding.UTF8.GetBytes(lines)), new() { MaxMemoryBytes = 4000, OnProblem = problems.Add });

        Assert.Equal(RecordLine.Id(2), Assert.Single(records).Id);
        Assert.Contains(problem, Assert.Single(problems).Problem, StringComparison.Ordinal);
    }

    /// <summary>Collect:MaxDepth allows results of a thousand levels.</summary>
    [Fact]
    public async Task ARecordIsAsDeepAsTheSettingsAllow()
    {
        var parsed = new string('[', 1000) + new string(']', 1000);

        var record = Assert.Single(await ReadAsync(
            new MemoryStream(Encoding.UTF8.GetBytes(RecordLine.Of(1, extra: $",\"parsed\":{parsed}")))));

        Assert.Equal(parsed, record.Parsed!.Value.GetRawText());
    }

    [Fact]
    public async Task ARecordBeyondTheLimitEndsTheReading()
    {
        var error = await Assert.ThrowsAsync<RecordException>(
            () => ReadAsync(
                new MemoryStream(Gzip([RecordLine.Of(1, html: new string(' ', 100_000))])),
                new() { MaxRecordBytes = 50_000 }));

        Assert.Equal(RecordFault.TooLarge, error.Fault);
    }

    private static async Task<List<Record>> ReadAsync(
        Stream stream, RecordReaderOptions? options = null)
    {
        await using var reader = RecordReader.Open(stream, "stream", options);
        return await reader.ReadAsync(Token).ToListAsync(Token);
    }

    private static async Task<string> TextAsync(Record record, string member)
    {
        using var reader = new StreamReader(record.OpenRead(member)!);
        return await reader.ReadToEndAsync(Token);
    }

    private static byte[] Gzip(IEnumerable<string> lines) =>
        [.. lines.SelectMany(line => RecordLine.Member(line))];

    /// <summary>A line that is generated while it is read.</summary>
    internal static Stream LargeLine(int megabytes)
    {
        var piece = Encoding.UTF8.GetBytes(new string('a', 1 << 20));
        var digest = new Pipeline.Collect.Normalize.ContentDigest();
        digest.Start();
        digest.StartField("html"u8);
        for (var i = 0; i < megabytes; i++)
            digest.Append(piece);
        digest.EndField();
        var line = RecordLine.Of(1, html: "HERE")
            .Replace(RecordLine.Digest(("html", "HERE")).Digest, $"xxh128:{digest.Hash:x32}", StringComparison.Ordinal)
            .Replace("\"content_bytes\":4", $"\"content_bytes\":{digest.ContentBytes}", StringComparison.Ordinal)
            .Split("HERE");
        return new LargeStream(
        [
            Encoding.UTF8.GetBytes(line[0]), .. Enumerable.Repeat(piece, megabytes), Encoding.UTF8.GetBytes(line[1]),
        ]);
    }

    private static string RandomText(Random random)
    {
        var text = new StringBuilder();
        for (var i = random.Next(60); i > 0; i--)
        {
            var code = random.Next(5) switch
            {
                0 => random.Next(0x20),
                1 => random.Next(0x80),
                2 => random.Next(0xD800),
                3 => 0x1F600 + random.Next(50),
                _ => "\"\\/"[random.Next(3)],
            };
            text.Append(new Rune(code));
        }
        return text.ToString();
    }

    /// <summary>Returns one byte per read.</summary>
    private sealed class TrickleStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }

    /// <summary>Returns pieces one after another.</summary>
    private sealed class LargeStream(IReadOnlyList<byte[]> pieces) : MemoryStream
    {
        private int _piece;
        private int _at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_piece < pieces.Count && _at == pieces[_piece].Length)
                (_piece, _at) = (_piece + 1, 0);
            if (_piece == pieces.Count)
                return new(0);
            var read = Math.Min(buffer.Length, pieces[_piece].Length - _at);
            pieces[_piece].AsSpan(_at, read).CopyTo(buffer.Span);
            _at += read;
            return new(read);
        }
    }
}
