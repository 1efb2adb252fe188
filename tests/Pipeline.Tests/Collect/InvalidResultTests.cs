using System.IO.Compression;
using System.Text;
using Pipeline.Model;
using Pipeline.Tests.Collect.Normalize;
using static Pipeline.Tests.Collect.Normalize.Normal;

namespace Pipeline.Tests.Collect;

/// <summary>Intact objects that are not a result document or exceed a limit.</summary>
[Trait("Promise", "4")]
public sealed class InvalidResultTests
{
    public static TheoryData<string, string> WrongDocuments => new()
    {
        { "[]", "holds no result" },
        { "[1]", "is not a JSON object" },
        { "[[{}]]", "is not a JSON object" },
        { "[{},{}]", "holds several results; one is expected" },
        { "{\"results\":[]}", "holds no result" },
        { "{\"results\":[{},{}]}", "holds several results; one is expected" },
        { "{\"data\":[1]}", "has the field 'data' of type Array where Object is expected" },
        { "{\"data\":\"x\"}", "has the field 'data' of type String where Object is expected" },
        { "{\"data\":false}", "has the field 'data' of type Boolean where Object is expected" },
        { "\"text\"", "is not a JSON object" },
        { "12", "is not a JSON object" },
        { "null", "is not a JSON object" },
        { "<html></html>", "has an unexpected byte 0x3C ('<') at byte 0" },
        { "{} x", "has data after its end at byte 3" },
        { "{}{}", "has data after its end at byte 2" },
        { "{,}", "has an unexpected byte 0x2C (',') at byte 1" },
        { "{\"a\":1,}", "has an unexpected byte 0x7D ('}') at byte 7" },
        { "{\"a\":[1,]}", "has an unexpected byte 0x5D (']') at byte 8" },
        { "{\"a\":[1}", "has an unexpected byte 0x7D ('}') at byte 7" },
        { "{\"a\":{]}", "has an unexpected byte 0x5D (']') at byte 6" },
        { "{\"a\" 1}", "has an unexpected byte 0x31 ('1') at byte 5" },
        { "{a:1}", "has an unexpected byte 0x61 ('a') at byte 1" },
        { "{'a':1}", "has an unexpected byte 0x27" },
        { "{\"a\":01}", "has an unexpected byte 0x31 ('1') at byte 6" },
        { "{\"a\":-}", "has an invalid number at byte 6" },
        { "{\"a\":1.}", "has an invalid number at byte 7" },
        { "{\"a\":1e+}", "has an invalid number at byte 8" },
        { "{\"a\":+1}", "has an unexpected byte 0x2B ('+') at byte 5" },
        { "{\"a\":.5}", "has an unexpected byte 0x2E" },
        { "{\"a\":NaN}", "has an unexpected byte 0x4E" },
        { "{\"a\":nul}", "has an invalid literal at byte 8" },
        { "{\"a\":True}", "has an unexpected byte 0x54" },
        { "{\"a\":/**/1}", "has an unexpected byte 0x2F" },
        { "{\"a\":\u00a01}", "has an unexpected byte 0xC2 at byte 5" },
        { "{\"a\":\"\n\"}", "has a raw control character in a string at byte 6" },
        { "{\"a\":\"\u001f\"}", "has a raw control character in a string at byte 6" },
        { "{\"a\":\"\\x\"}", "has an invalid escape in a string" },
        { "{\"a\":\"\\u12g4\"}", "has an invalid escape in a string" },
        { "{\"url\":\"a\",\"url\":\"a\"}", "has the field 'url' twice" },
        { "{\"url\":null,\"\\u0075rl\":null}", "has the field 'url' twice" },
        { "{\"data\":{},\"data\":{}}", "has the field 'data' twice" },
        { "{\"data\":{\"html\":\"a\",\"html\":\"b\"}}", "has the field 'data.html' twice" },
        { "{\"data\":{\"x\":1,\"x\":1}}", "has the field 'data.x' twice" },
        { "{\"data\":{\"x\":1},\"data.x\":1}", "has the field 'data.x' twice" },
    };

    [Theory]
    [MemberData(nameof(WrongDocuments))]
    public async Task AnInvalidDocumentIsRefusedPlainOrCompressedHoweverItIsSplit(string document, string message)
    {
        var plain = Bytes(document);
        Assert.Contains(message, await ExpectAsync(FailureReasons.ResultInvalid, plain));
        Assert.Contains(message, await ExpectAsync(FailureReasons.ResultInvalid, Gzip(plain)));
        var byByte = await ExpectAsync(FailureReasons.ResultInvalid, plain, from: new CutStream(plain, () => 1));
        Assert.Contains(message.Split(" at byte")[0], byByte);
    }

    public static TheoryData<string> NotUtf8 =>
        new("80", "C0AF", "C1BF", "E08080", "EDA080", "F08080AF", "F4908080", "F5808080", "FF", "E282", "F09F98", "C3");

    [Theory]
    [MemberData(nameof(NotUtf8))]
    public async Task BytesThatAreNotUtf8AreInvalidWhereverABufferEnds(string hex)
    {
        for (var shift = 0; shift < 12; shift++)
        {
            byte[] plain =
            [
                .. Bytes($$"""{"data":{"html":"{{new string('x', 65_510 + shift)}}"""),
                .. Convert.FromHexString(hex),
                .. Bytes("\"}}"),
            ];
            Assert.Contains("is not UTF-8", await ExpectAsync(FailureReasons.ResultInvalid, plain));
        }
        byte[] small = [.. "{\"é\":\""u8, .. Convert.FromHexString(hex), .. "\"}"u8];
        Assert.Contains(
            "is not UTF-8",
            await ExpectAsync(FailureReasons.ResultInvalid, small, from: new CutStream(small, () => 1)));
        Assert.Contains("is not UTF-8", await ExpectAsync(FailureReasons.ResultInvalid, Gzip(small)));
    }

    [Fact]
    public async Task OnlyRawControlCharactersAreInvalidInALongString()
    {
        for (var c = 0; c < 0x80; c++)
        {
            if (c is '"' or '\\')
                continue;
            for (var at = 0; at < 40; at += 13)
            {
                var stored = Bytes(
                    $"{{\"data\":{{\"html\":\"{new string('x', at)}{(char)c}{new string('y', 40)}\"}}}}");
                if (c < 0x20)
                    Assert.Contains(
                        $"has a raw control character in a string at byte {17 + at}",
                        await ExpectAsync(FailureReasons.ResultInvalid, stored));
                else
                    await RecordOnlyAsync(stored);
            }
        }
    }

    [Fact]
    public async Task EveryByteAfterABackslashIsAnEscapeOrInvalid()
    {
        for (var c = 0; c < 0x80; c++)
        {
            for (var at = 0; at < 40; at += 13)
            {
                var stored = Bytes(
                    $"{{\"data\":{{\"html\":\"{new string('x', at)}\\{(char)c}{new string('0', 40)}\"}}}}");
                if ("\"\\/bfnrtu".Contains((char)c))
                    await RecordOnlyAsync(stored);
                else
                    Assert.Contains(
                        $"has an invalid escape in a string at byte {18 + at}",
                        await ExpectAsync(FailureReasons.ResultInvalid, stored));
            }
        }
    }

    [Fact]
    public async Task AMutatedDocumentIsAcceptedOnlyIfAnotherParserAcceptsIt()
    {
        var random = new Random(4);
        var (accepted, refused) = (0, 0);
        for (var n = 0; n < 20_000; n++)
        {
            var bytes = Bytes("""{"a":[1,-2.5e+3,{"b":"\u00e9\n"},true,null,""],"c":{"d":{}}, "e":"\ud83d\ude00é" }""");
            for (var m = random.Next(1, 3); m > 0; m--)
                bytes[random.Next(bytes.Length)] = (byte)(
                    random.Next(4) == 0 ? random.Next(256) : "{}[],:\"\\ 0-.eEtfnul\n"u8[random.Next(20)]);
            if (IsJsonObject(bytes))
            {
                accepted++;
                using var result = await NormalizeAsync(bytes);
            }
            else
            {
                refused++;
                await FaultAsync(bytes);
            }
        }
        Assert.True(accepted > 500 && refused > 500, $"{accepted} accepted, {refused} refused");
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task AnObjectLargerThanAllowedIsRefused()
    {
        var stored = Bytes(Small);
        using (await NormalizeAsync(stored, new() { MaxStoredBytes = stored.Length, MaxExpandedBytes = stored.Length }))
            Assert.Contains(
                "more than 100 bytes",
                await ExpectAsync(FailureReasons.LimitExceeded, stored, new() { MaxStoredBytes = 100 }));
        Assert.Contains(
            "Collect:MaxStoredBytes",
            await ExpectAsync(FailureReasons.LimitExceeded, Gzip(stored), new() { MaxStoredBytes = 100 }));
        Assert.Contains(
            "Collect:MaxExpandedBytes",
            await ExpectAsync(
                FailureReasons.LimitExceeded, Gzip(stored), new() { MaxExpandedBytes = stored.Length - 1 }));
        Assert.Contains(
            "Collect:MaxExpandedBytes",
            await ExpectAsync(FailureReasons.LimitExceeded, stored, new() { MaxExpandedBytes = stored.Length - 1 }));
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task ABombIsStoppedSoonAfterItsFirstMegabyte()
    {
        // 64 MiB of spaces before the document: only the ratio is wrong.
        var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            var spaces = new byte[1 << 20];
            spaces.AsSpan().Fill((byte)' ');
            for (var n = 0; n < 64; n++)
                gzip.Write(spaces);
            gzip.Write(Bytes(Small));
        }
        var message = await ExpectAsync(FailureReasons.LimitExceeded, bomb.ToArray(), new() { MaxRatio = 100 });
        Assert.Matches("expands more than 100 times: [0-9]+ bytes gave 1[01][0-9]{5}\\.", message);
        using var result = await NormalizeAsync(bomb.ToArray(), new() { MaxRatio = 2000 });
        Assert.Equal((64 << 20) + Bytes(Small).Length, result.ExpandedBytes);
    }

    [Fact]
    [Trait("Promise", "5")]
    public async Task ADocumentMayReachTheDepthLimitButNotExceedIt()
    {
        static byte[] Nested(int levels) =>
            Bytes($"{{\"x\":{new string('[', levels - 1)}{new string(']', levels - 1)}}}");
        (await NormalizeAsync(Nested(256))).Dispose();
        Assert.Contains("nested deeper than 256 levels", await ExpectAsync(FailureReasons.LimitExceeded, Nested(257)));
        Assert.Contains(
            "nested deeper than 256 levels", await ExpectAsync(FailureReasons.LimitExceeded, Gzip(Nested(100_000))));
        Assert.Contains(
            "nested deeper than 2 levels",
            await ExpectAsync(FailureReasons.LimitExceeded, Bytes("{\"x\":{\"y\":{}}}"), new() { MaxDepth = 2 }));
    }

    [Fact]
    public async Task FieldNamesAreLimitedInLengthAndNumber()
    {
        (
            await NormalizeAsync(
                Bytes($"{{\"url\":\"{new string('u', 16 * 1024)}\",\"{new string('n', 1024)}\":1}}"))).Dispose();
        foreach (var length in new[] { 1025, 70_000, 200_000 })
            Assert.Contains(
                "has a field name of more than 1024 bytes",
                await ExpectAsync(FailureReasons.ResultInvalid, Bytes($"{{\"{new string('n', length)}\":1}}")));
        var many = string.Join(',', Enumerable.Range(0, 1001).Select(n => $"\"f{n}\":{n}"));
        Assert.Contains(
            "more than 1000 unknown fields", await ExpectAsync(FailureReasons.LimitExceeded, Bytes($"{{{many}}}")));
    }

    [Fact]
    public async Task TooManyEmptyGzipMembersAreRefused()
    {
        var stored = new MemoryStream();
        for (var n = 0; n <= 100_000; n++)
            stored.Write(Gzip([]));
        Assert.Contains("more than 100000 members", await ExpectAsync(FailureReasons.LimitExceeded, stored.ToArray()));
    }

    [Fact]
    public async Task AFailureToSpillALargeRecordStopsTheHostAndFailsNoInput()
    {
        var fault = await FaultAsync(
            Bytes($"{{\"data\":{{\"html\":\"{new string('x', 300_000)}\"}}}}"),
            new() { SpillAt = 100_000, SpillFolder = "/nowhere/at/all" });
        Assert.Equal((FailureReasons.Unavailable, true), (fault.Reason, fault.StopsHost));
        Assert.StartsWith("Cannot spill a large record to '/nowhere/at/all': ", fault.Message);
    }

    private static bool IsJsonObject(byte[] bytes)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(
                new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
            return document.RootElement.ValueKind == System.Text.Json.JsonValueKind.Object &&
                document.RootElement.EnumerateObject()
                    .Select(p => p.Name)
                    .Distinct()
                    .Count() == document.RootElement.EnumerateObject()
                    .Count();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
