using System.Text.Json;
using Pipeline.Tests.Collect.Normalize;

namespace Pipeline.Tests.Collect;

/// <summary>An unexpected value in a small field, or one invalid character, never loses the content.</summary>
[Trait("Promise", "8")]
public sealed class SurpriseTests
{
    [Theory]
    [InlineData("\"status_code\":\"200\"", "http_status", "200")]
    [InlineData("\"status_code\":\" 404 \"", "http_status", "404")]
    [InlineData("\"status_code\":200.0", "http_status", "200")]
    [InlineData("\"status_code\":\"\\u0032\\u0030\\u0030\"", "http_status", "200")]
    [InlineData("\"metadata\":{\"query_duration\":\"1877.4\"}", "duration_ms", "1877")]
    [InlineData("\"metadata\":{\"tag\":7}", "tag", "\"7\"")]
    [InlineData("\"metadata\":{\"tag\":true}", "tag", "\"true\"")]
    [InlineData("\"metadata\":{\"tag\":-1.50e2}", "tag", "\"-1.50e2\"")]
    [InlineData("\"metadata\":{\"driver\":6}", "driver", "\"6\"")]
    [InlineData("\"metadata\":{\"country\":276}", "country", "\"276\"")]
    [InlineData("\"metadata\":{\"locale\":false}", "locale", "\"false\"")]
    [InlineData("\"status\":1", "status", "\"1\"")]
    [InlineData("\"url\":5", "result_url", "\"5\"")]
    public async Task ASmallFieldIsAcceptedAsTextOrNumber(string field, string member, string value)
    {
        var record = await RecordAsync(field);
        Assert.Equal(value, record.GetProperty(member).GetRawText());
        Assert.False(record.TryGetProperty("extra", out _));
    }

    [Theory]
    [InlineData("\"status_code\":\"two hundred\"", "status_code")]
    [InlineData("\"status_code\":3000000000", "status_code")]
    [InlineData("\"status_code\":1e99", "status_code")]
    [InlineData("\"status_code\":true", "status_code")]
    [InlineData("\"status_code\":[200]", "status_code")]
    [InlineData("\"status\":{\"code\":\"success\"}", "status")]
    [InlineData("\"url\":[\"https://a.example/\"]", "url")]
    [InlineData("\"task_id\":{}", "task_id")]
    [InlineData("\"metadata\":\"none\"", "metadata")]
    [InlineData("\"metadata\":[1]", "metadata")]
    [InlineData("\"metadata\":{\"query_duration\":\"long\"}", "metadata.query_duration")]
    [InlineData("\"metadata\":{\"query_time\":{\"s\":1}}", "metadata.query_time")]
    [InlineData("\"metadata\":{\"tag\":{\"a\":[1]}}", "metadata.tag")]
    [InlineData("\"metadata\":{\"driver\":[]}", "metadata.driver")]
    [InlineData("\"metadata\":{\"country\":{}}", "metadata.country")]
    [InlineData("\"metadata\":{\"locale\":[\"de\"]}", "metadata.locale")]
    public async Task AnInvalidValueOfAFieldGoesToExtra(string field, string name)
    {
        var given = JsonElement.Parse($"{{{field}}}");
        foreach (var part in name.Split('.'))
            given = given.GetProperty(part);
        var record = await RecordAsync(field);
        Assert.Equal(given.GetRawText(), record.GetProperty("extra").GetProperty(name).GetRawText());
    }

    [Theory]
    [InlineData("url", "result_url")]
    [InlineData("task_id", null)]
    [InlineData("status_code", null)]
    public async Task AHugeValueOfASmallFieldGoesToExtra(string name, string? member)
    {
        var huge = new string('1', 100_000);
        var record = await RecordAsync($"\"{name}\":\"{huge}\"");
        Assert.Equal(huge, record.GetProperty("extra").GetProperty(name).GetString());
        Assert.False(member is not null && record.TryGetProperty(member, out _));
    }

    [Theory]
    [InlineData("html", "5")]
    [InlineData("screenshot", "{\"type\":\"png\"}")]
    [InlineData("links", "\"https://a.example/\"")]
    [InlineData("screenshots", "true")]
    [InlineData("network_capture", "{}")]
    public async Task ContentOfTheWrongTypeGoesToExtra(string name, string value)
    {
        using var json = JsonDocument.Parse(
            await Normal.RecordAsync(Normal.Bytes($$"""{"data":{"{{name}}":{{value}},"markdown":"# kept"} }""")));
        Assert.Equal("# kept", json.RootElement.GetProperty("content").GetProperty("markdown").GetString());
        Assert.Equal(value, json.RootElement.GetProperty("extra").GetProperty($"data.{name}").GetRawText());
    }

    [Fact]
    public async Task TheSecondNameForParsedDataGoesToExtra()
    {
        var record = JsonElement.Parse(
            await Normal.RecordAsync(Normal.Bytes("""{"data":{"parsing":{"a":1},"parsed":[2]}}""")));
        Assert.Equal("""{"a":1}""", record.GetProperty("parsed").GetRawText());
        Assert.Equal("[2]", record.GetProperty("extra").GetProperty("data.parsed").GetRawText());
    }

    [Theory]
    [InlineData("\\ud83d", "\\ufffd", 1)]
    [InlineData("\\ud83dx", "\\ufffdx", 1)]
    [InlineData("\\ud83d\\n", "\\ufffd\\n", 1)]
    [InlineData("\\ud83d\\u0041", "\\ufffd\\u0041", 1)]
    [InlineData("\\ud83d\\ud83d", "\\ufffd\\ufffd", 2)]
    [InlineData("\\ud83d\\ud83d\\ude00", "\\ufffd\\ud83d\\ude00", 1)]
    [InlineData("\\ude00", "\\ufffd", 1)]
    [InlineData("\\uDE00\\uD83D", "\\ufffd\\ufffd", 2)]
    [InlineData("\\\\ud83d", "\\\\ud83d", 0)]
    [InlineData("\\ud83d\\ude00", "\\ud83d\\ude00", 0)]
    public async Task ALoneSurrogateBecomesU_FFFDAndEverythingElseStays(string written, string kept, int halves)
    {
        // In content, parsed data, its member names and an unknown field, and at every buffer boundary.
        var document =
            $$"""{"data":{"html":"a{{written}}é","parsed":{"{{written}}":["{{written}}"]} },"x":"{{written}}"}""";
        var expected = document.Replace(written, kept, StringComparison.Ordinal);
        var stored = Normal.Bytes(document);
        for (var cut = 1; cut < stored.Length; cut++)
        {
            var sizes = new Queue<int>([cut, 1, 1]);
            var record = JsonElement.Parse(await Normal.RecordAsync(
                stored, from: new CutStream(stored, () => sizes.TryDequeue(out var size) ? size : stored.Length)));
            var data = JsonElement.Parse(expected).GetProperty("data");
            Assert.Equal(
                data.GetProperty("html").GetRawText(), record.GetProperty("content").GetProperty("html").GetRawText());
            Assert.Equal(data.GetProperty("parsed").GetRawText(), record.GetProperty("parsed").GetRawText());
            Assert.Equal($"\"{kept}\"", record.GetProperty("extra").GetProperty("x").GetRawText());
            Assert.Equal(
                halves * 4,
                record.GetProperty("extra").TryGetProperty("pipeline.lone_surrogates", out var note) ? note.GetInt32()
                    : 0);
        }
        using var result = await Normal.NormalizeAsync(stored);
        using var mended = await Normal.NormalizeAsync(Normal.Bytes(expected));
        Assert.Equal(mended.ContentDigest, result.ContentDigest);
    }

    [Theory]
    [InlineData("[{0}]")]
    [InlineData(" [ {0} ] ")]
    [InlineData("{{\"results\":[{0}]}}")]
    [InlineData("{{ \"total\": 1, \"results\": [ {0} ], \"next\":null }}")]
    public async Task AListOfOneResultIsUnwrapped(string wrapper)
    {
        var inner =
            $$"""{"task_id":"t-1","status":"success","data":{"html":"{{new string('h', 200_000)}}\ud83d"},"x":[1,2]}""";
        var stored = Normal.Gzip(Normal.Bytes(string.Format(wrapper, inner)));
        var record = await Normal.RecordAsync(stored, new() { SpillAt = 100_000 });
        Assert.Equal(Normal.SourceLess(await Normal.RecordAsync(Normal.Bytes(inner))), Normal.SourceLess(record));
    }

    [Theory]
    [InlineData("""{"results":[{"title":"a"}],"task_id":"t-1","data":{"html":"h"}}""")]
    [InlineData("""{"task_id":"t-1","data":{"html":"h"},"results":[{"title":"a"}]}""")]
    [InlineData("""{"task_id":"t-1","results":[{"title":"a"}],"data":{"html":"h"}}""")]
    public async Task AResultWithAResultsFieldIsNotUnwrapped(string document)
    {
        var record = JsonElement.Parse(await Normal.RecordAsync(Normal.Bytes(document)));
        Assert.Equal("h", record.GetProperty("content").GetProperty("html").GetString());
        Assert.Equal("""[{"title":"a"}]""", record.GetProperty("extra").GetProperty("results").GetRawText());
    }

    private static async Task<JsonElement> RecordAsync(string field)
    {
        var record = JsonElement.Parse(
            await Normal.RecordAsync(Normal.Bytes($$"""{ {{field}},"data":{"html":"<p>kept"} }""")));
        Assert.Equal("<p>kept", record.GetProperty("content").GetProperty("html").GetString());
        Assert.Empty(Support.RecordSchema.Validate(record.GetRawText()));
        return record;
    }
}
