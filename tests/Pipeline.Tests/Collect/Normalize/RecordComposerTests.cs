using Pipeline.Collect.Normalize;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect.Normalize;

public sealed class RecordComposerTests
{
    [Fact]
    public async Task ARecordHasItsMembersInTheDocumentedOrder()
    {
        var record = await Normal.RecordAsync(Normal.Bytes(
            """
            {"warnings":["w"],"status_code":200,"metadata":{"tag":"mine","query_time":"soon","locale":"en-US",
            "country":"US","driver":"vx6","query_duration":1877},
            "data":{"links":[ 1 ],"parsing":{ "title": "T" },"markdown":"# T","html":"<h1>T</h1>"},"status":"success",
            "task_id":"t-1","url":"https://example.com/"}
            """.ReplaceLineEndings("")));
        Assert.Equal("""
            {"schema":"pipeline.record/1","id":"0123456789abcdef0123456789abcdef","list_id":"list",
            "submission_id":"list-000000",
            "batch_id":"batch","task_id":"t-1",
            "url":"https://example.com/?q=ü&r=<1>","result_url":"https://example.com/","line":1,"status":"success",
            "http_status":200,"country":"US","locale":"en-US","driver":"vx6","duration_ms":1877,
            "requested_at":"2026-01-24T12:36:24.685Z","collected_at":"2026-01-24T12:00:00.000Z",
            "content":{"markdown":"# T","html":"<h1>T</h1>"},"parsed":{"title":"T"},"links":[1],
            "content_digest":"xxh128:45c63cc497f44ac8a34b3e9bd126fb17","content_bytes":13,
            "source":{"uri":"s3://bucket/list/list-000000/t-1.json","etag":"abc","bytes":302,"compressed":false},
            "input":{"locale":"de-DE","render":true,"url":"https://example.com/?q=ü&r=<1>","country":"DE"},"tag":"mine",
            "extra":{"warnings":["w"],"metadata.query_time":"soon"}}
            """.ReplaceLineEndings(""), record);
        Assert.Empty(RecordSchema.Validate(record));
    }

    [Fact]
    public async Task ARecordOfAnEmptyResultHasOnlyWhatThePipelineKnows()
    {
        var context = Normal.Context with
        {
            BatchId = null,
            SourceETag = null,
            RequestedAt = null,
            SharedInputs = "{}",
            Input = Normal.Context.Input with { Input = """{"url":"u"}""" },
        };
        var record = await ComposeAsync("{}", context);
        Assert.Equal("""
            {"schema":"pipeline.record/1","id":"0123456789abcdef0123456789abcdef","list_id":"list",
            "submission_id":"list-000000",
            "task_id":"t-1",
            "url":"https://example.com/?q=ü&r=<1>","line":1,"status":"success",
            "collected_at":"2026-01-24T12:00:00.000Z",
            "content_digest":"xxh128:99aa06d3014798d86001c324468d497f","content_bytes":0,
            "source":{"uri":"s3://bucket/list/list-000000/t-1.json","bytes":2,"compressed":false},
            "input":{"url":"u"}}
            """.ReplaceLineEndings(""), record);
        Assert.Empty(RecordSchema.Validate(record));
    }

    [Fact]
    public async Task ALedgerRowFromAnOlderVersionGivesARecordWithoutALine()
    {
        var record = await ComposeAsync("{}", Normal.Context with { Input = Normal.Context.Input with { Line = 0 } });
        Assert.DoesNotContain("\"line\"", record, StringComparison.Ordinal);
        Assert.Empty(RecordSchema.Validate(record));
    }

    [Fact]
    public async Task TheInputIsSharedInputsOverriddenByTheItemWithoutDeliverySettings()
    {
        var record = await ComposeAsync("{}", Normal.Context with
        {
            SharedInputs =
                """{"country":"US","render":"""
                    + """true,"storage_url":"s3://secret/","callback_url":"https://x/token","formats":"""
                    + """[ "html" ],"wait":1.50,"tag":"shared"}""",
            Input = Normal.Context.Input with
            {
                Input =
                    "{\n\"url\":\"https://x/\\u00e9\",\"country\":\"FR\",\"storage_type\":\"s3\","
                        + "\"storage_compress\":true,\"storage_object_name\":\"n\",\"tag\":null}",
            },
        });
        Assert.Contains("""
            "input":{"country":"FR","render":true,"formats":["html"],"wait":1.50,"tag":null,"url":"https://x/é"}}
            """, record);
        Assert.Contains("\"country\":\"FR\"", record);
        Assert.DoesNotContain("secret", record);
        Assert.DoesNotContain('\n', record);
    }

    [Theory]
    [InlineData(
        """{"metadata":{"tag":"theirs","country":"US","locale":"en-US","driver":"vx6"}}""",
        """{"tag":"own","country":"FR","locale":"fr-FR","driver":"vx8"}""", "own", "US", "en-US", "vx6")]
    [InlineData(
        """{"metadata":{"tag":"theirs"}}""", """{"country":"FR","locale":"fr-FR","driver":"vx8"}""", "theirs", "FR",
        "fr-FR", "vx8")]
    [InlineData("""{"metadata":null}""", """{"tag":5,"country":["FR"]}""", "5", null, null, null)]
    public async Task TheTagComesFromTheInputFirstAndOptionsFromTheResultFirst(
        string result, string input, string? tag, string? country, string? locale, string? driver)
    {
        var record = await ComposeAsync(
            result, Normal.Context with { SharedInputs = "{}", Input = Normal.Context.Input with { Input = input } });
        using var json = System.Text.Json.JsonDocument.Parse(record);
        string? Member(string name) => json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
        Assert.Equal(
            (tag, country, locale, driver), (Member("tag"), Member("country"), Member("locale"), Member("driver")));
        Assert.Empty(RecordSchema.Validate(record));
    }

    [Fact]
    public async Task TextIsEscapedOnlyWhereJsonRequiresIt()
    {
        const string Url = "https://x/?q=漢字😀\u2028\u007f &<>'+/\"\\\u0001\t\ud800";
        var record = await ComposeAsync(
            """{"metadata":{"tag":"\ud83d\ude00\n"},"x😀\ty":0}""",
            Normal.Context with
            {
                Input = Normal.Context.Input with { Url = Url, Input = "{\"url\":\"é&<>'+\\ud83d\\ude00\"}" },
            });
        Assert.Contains("\"url\":\"https://x/?q=漢字😀\\u2028\u007f &<>'+/\\\"\\\\\\u0001\\t\ufffd\",", record);
        Assert.Contains("\"url\":\"é&<>'+😀\"", record);
        Assert.Contains("\"tag\":\"😀\\n\"", record);
        Assert.Contains("\"x😀\\ty\":0", record);
    }

    [Fact]
    public async Task RequestedAtIsOurTimeOtherwiseTheResults()
    {
        const string Result = """{"metadata":{"query_time":"2026-01-01T10:00:00+02:00"}}""";
        var ours = await ComposeAsync(Result, Normal.Context);
        Assert.Contains("\"requested_at\":\"2026-01-24T12:36:24.685Z\"", ours);
        Assert.EndsWith("\"extra\":{\"metadata.query_time\":\"2026-01-01T10:00:00+02:00\"}}", ours);
        var theirs = await ComposeAsync(Result, Normal.Context with { RequestedAt = null });
        Assert.Contains("\"requested_at\":\"2026-01-01T08:00:00.000Z\"", theirs);
        Assert.DoesNotContain("extra", theirs);
        var nobodys = await ComposeAsync(
            """{"metadata":{"query_time":"\"soon\"\n"}}""", Normal.Context with { RequestedAt = null });
        Assert.DoesNotContain("requested_at", nobodys);
        Assert.EndsWith("\"extra\":{\"metadata.query_time\":\"\\\"soon\\\"\\n\"}}", nobodys);
    }

    [Fact]
    public async Task ByReferenceARecordHasTheDigestOfItsContentButNotTheContent()
    {
        var stored = Normal.Bytes(Normal.Small);
        var inline = await Normal.RecordAsync(stored);
        var reference = await Normal.RecordAsync(stored, new() { Content = ContentMode.Reference });
        var content = inline.IndexOf("\"content\":", StringComparison.Ordinal);
        var without = inline.Remove(content, inline.IndexOf("\"parsed\":", StringComparison.Ordinal) - content);
        Assert.Equal(
            without.Replace(",\"input\":", ",\"omitted\":[\"html\"],\"input\":", StringComparison.Ordinal), reference);
        Assert.Contains("\"parsed\":", reference);
    }

    [Fact]
    public async Task TheRecordOutlivesTheResultUntilItIsDisposed()
    {
        var result = await Normal.NormalizeAsync(Normal.Bytes(Normal.Small));
        var record = RecordComposer.Compose(result, Normal.Context);
        result.Dispose();
        Assert.Equal(await Normal.RecordAsync(Normal.Bytes(Normal.Small)), await Normal.TextAsync(record));
        Assert.Equal(
            ("0123456789abcdef0123456789abcdef", "list", "list-000000"),
            (record.Id, record.ListId, record.SubmissionId));
        await record.DisposeAsync();
        await record.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => record.CopyTo(Stream.Null));
    }

    [Fact]
    public async Task ARecordDisposedTwiceReturnsItsMemoryOnce()
    {
        var first = RecordComposer.Compose(await Normal.NormalizeAsync(Normal.Bytes(Normal.Small)), Normal.Context);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await using var second = RecordComposer.Compose(
            await Normal.NormalizeAsync(Normal.Bytes("{}")), Normal.Context with { TaskId = "second" });
        await using var third = RecordComposer.Compose(
            await Normal.NormalizeAsync(Normal.Bytes("{}")), Normal.Context with { TaskId = "third" });
        Assert.Contains("\"task_id\":\"second\"", await Normal.TextAsync(second));
        Assert.Contains("\"task_id\":\"third\"", await Normal.TextAsync(third));
    }

    [Fact]
    public async Task AFailedRecordDoesNotAffectTheNextOne()
    {
        using var result = await Normal.NormalizeAsync(Normal.Bytes(Normal.Small));
        Assert.ThrowsAny<Exception>(
            () =>
                RecordComposer.Compose(
                    result, Normal.Context with { Input = Normal.Context.Input with { Input = """{"url":"stale""" } }));
        Assert.ThrowsAny<Exception>(() => RecordComposer.Compose(result, Normal.Context with { SharedInputs = "[]" }));
        await using var record = RecordComposer.Compose(result, Normal.Context);
        Assert.Equal(await Normal.RecordAsync(Normal.Bytes(Normal.Small)), await Normal.TextAsync(record));
    }

    private static async Task<string> ComposeAsync(string result, RecordContext context)
    {
        using var normalized = await Normal.NormalizeAsync(Normal.Bytes(result));
        await using var record = RecordComposer.Compose(normalized, context);
        return await Normal.TextAsync(record);
    }
}
