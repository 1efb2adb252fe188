using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>
/// docs/record.schema.json and docs/record.md are the contract with consumers. They must describe what the code does,
/// and reject what it must not do.
/// </summary>
public sealed class RecordSchemaTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 24, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] Reasons =
        [
            .. typeof(FailureReasons)
                .GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(f => (string)f.GetRawConstantValue()!)];

    private static Failure AFailure => new()
    {
        Id = "0123456789abcdef0123456789abcdef",
        ListId = "list",
        SubmissionId = "list-000000",
        BatchId = "b",
        TaskId = "t",
        Url = "https://x/",
        InputText = "not a url",
        Line = 3,
        Stage = "collect",
        Reason = FailureReasons.ObjectDamaged,
        Message = "The stored object is empty.",
        Attempts = 3,
        LastAttemptAt = Time,
        Retryable = true,
    };

    private static Manifest AManifest => new()
    {
        ListId = "list",
        Source = "urls.txt",
        Inputs = 3,
        Records = 2,
        Failures = 1,
        Duplicates = 1,
        FailuresByReason = new Dictionary<string, long> { [FailureReasons.TaskFailed] = 1 },
        RecordsByHttpStatus = new Dictionary<string, long> { ["200"] = 1, ["unknown"] = 1 },
        DiscoveredBy = new Dictionary<string, long> { ["webhook"] = 1, ["sweep"] = 1, ["listing"] = 0, ["none"] = 1 },
        Submissions =
        [
            new()
            {
                SubmissionId = "list-000000",
                BatchId = "b",
                Inputs = 3,
                Records = 2,
                Failures = 1,
                PostedAt = Time,
            },
        ],
        Locations =
        [
            new() { Uri = "file:///out/records.ndjson", Bytes = 10, Records = 2, Sha256 = new string('0', 64) },
        ],
        CreatedAt = Time,
        ClosedAt = Time,
        DurationMs = 0,
        EstimatedCost = 0.5m,
    };

    [Fact]
    public void FailuresAndManifestsConformToTheSchema()
    {
        Assert.Empty(RecordSchema.Validate(Json(AFailure)));
        Assert.Empty(
            RecordSchema.Validate(
                Json(
                    AFailure with
                    {
                        BatchId = null,
                        TaskId = null,
                        Line = null,
                        Url = "",
                        Input = JsonSerializer.SerializeToElement(new { url = "u" }),
                    })));
        Assert.Empty(RecordSchema.Validate(Json(AManifest)));
        Assert.Empty(
            RecordSchema.Validate(
                Json(AManifest with { Source = null, EstimatedCost = null, Submissions = [], Locations = [] })));
        Assert.Empty(
            RecordSchema.Validate(
                """{"schema":"pipeline.manifest/1","inputs":3,"records":2,"failures":1,"duplicates":1,"lists":"""
                    + $$"""[{{Json(AManifest)}}]}"""));
    }

    [Fact]
    public async Task TheSchemaRejectsContractViolations()
    {
        var record = await Normal.RecordAsync(Normal.Bytes(Normal.Small));
        Assert.Empty(RecordSchema.Validate(record));
        Assert.NotEmpty(RecordSchema.Validate(record.Replace("\"status\":\"success\",", "", StringComparison.Ordinal)));
        Assert.NotEmpty(
            RecordSchema.Validate(
                record.Replace("\"http_status\":200", "\"http_status\":\"200\"", StringComparison.Ordinal)));
        Assert.NotEmpty(
            RecordSchema.Validate(
                record.Replace("\"content\":{", "\"content\":{\"pdf\":\"\",", StringComparison.Ordinal)));
        Assert.NotEmpty(
            RecordSchema.Validate(record.Replace("\"url\":", "\"unheard_of\":1,\"url\":", StringComparison.Ordinal)));
        Assert.NotEmpty(
            RecordSchema.Validate(record.Replace("24T12:36:24.685Z", "yesterday", StringComparison.Ordinal)));
        Assert.NotEmpty(
            RecordSchema.Validate(record.Replace("pipeline.record/1", "pipeline.record/2", StringComparison.Ordinal)));
        Assert.NotEmpty(RecordSchema.Validate(Json(AFailure with { Reason = "bad_luck" })));
        Assert.NotEmpty(RecordSchema.Validate(Json(AFailure with { Id = "1" })));
        Assert.NotEmpty(RecordSchema.Validate(Json(AManifest with { Inputs = -1 })));
        Assert.NotEmpty(
            RecordSchema.Validate(
                """{"schema":"pipeline.manifest/1","inputs":3,"records":2,"failures":1,"duplicates":1}"""));
        Assert.NotEmpty(RecordSchema.Validate("""{"schema":"pipeline.other/1"}"""));
    }

    [Fact]
    public void TheSchemaKnowsExactlyTheReasonsOfTheCode()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(RecordSchema.PathOf("record.schema.json")));
        var known = schema.RootElement.GetProperty("definitions")
            .GetProperty("reason")
            .GetProperty("enum")
            .EnumerateArray()
            .Select(r => r.GetString()!);
        Assert.Equal(Reasons.Order(), known.Order());
    }

    [Fact]
    public void TheDocumentationExplainsEveryFieldAndEveryReason()
    {
        var text = File.ReadAllText(RecordSchema.PathOf("record.md"));
        using var schema = JsonDocument.Parse(File.ReadAllText(RecordSchema.PathOf("record.schema.json")));
        foreach (var name in new[] { "record", "failure", "manifest" })
        {
            var fields = schema.RootElement.GetProperty("definitions")
                .GetProperty(name)
                .GetProperty("properties")
                .EnumerateObject()
                .Select(p => p.Name);
            Assert.All(fields, field => Assert.Contains($"`{field}`", text));
        }
        Assert.Equal(
            Reasons.Order(),
            Regex.Matches(
                text, "^\\| `([a-z_]+)` \\| (?:yes|no|depends) \\|",
                RegexOptions.Multiline).Select(m => m.Groups[1].Value).Order());
    }

    [Fact]
    public async Task TheDigestOfTheDocumentationsExampleIsRight()
    {
        var text = File.ReadAllText(RecordSchema.PathOf("record.md"));
        var example = Regex.Match(
            text,
            "```json\\n(?<data>\\{\"data\".*)\\n```(?s:.*?)`(?<digest>xxh128:[0-9a-f]{32})`(?s:.*?)`content_bytes` "
                + "(?<bytes>[0-9]+)");
        using var result = await Normal.NormalizeAsync(Normal.Bytes(example.Groups["data"].Value));
        Assert.Equal(
            (example.Groups["digest"].Value, example.Groups["bytes"].Value),
            (result.ContentDigest, result.ContentBytes.ToString()));
    }

    private static string Json(Failure failure) => JsonSerializer.Serialize(failure, PipelineJson.Plain.Failure);

    private static string Json(Manifest manifest) => JsonSerializer.Serialize(manifest, PipelineJson.Plain.Manifest);
}
