using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>The types of the consumer library have the members of docs/record.schema.json.</summary>
public sealed class RecordModelTests
{
    public static TheoryData<string, string> Types => new()
    {
        { nameof(RecordsJson.Default.Record), "record" },
        { nameof(RecordsJson.Default.RecordContent), "record/content" },
        { nameof(RecordsJson.Default.RecordSource), "record/source" },
        { nameof(RecordsJson.Default.Failure), "failure" },
        { nameof(RecordsJson.Default.Manifest), "manifest" },
        { nameof(RecordsJson.Default.ManifestSubmission), "manifest/submissions" },
        { nameof(RecordsJson.Default.ManifestLocation), "manifest/locations" },
        { nameof(RecordsJson.Default.ManifestGuards), "manifest/guards" },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void ATypeHasTheMembersOfItsSchema(string type, string definition)
    {
        var info = (JsonTypeInfo)typeof(RecordsJson).GetProperty(type)!.GetValue(RecordsJson.Default)!;
        var schema = Definition(definition);
        var members = info.Properties.Where(p => !p.IsExtensionData && (p.Get ?? p.Set as object) is not null).ToList();
        var expected = schema["properties"]!.AsObject().Select(property => property.Key).ToHashSet();

        Assert.Equal(expected.Order(), members.Select(m => m.Name).Order());
        var required = (schema["required"] as JsonArray ?? []).Select(name => (string)name!);
        if (definition is "manifest")
            required = ["schema", "inputs", "records", "failures", "duplicates"];
        Assert.Equal(required.Order(), members.Where(m => m.IsRequired).Select(m => m.Name).Order());
        Assert.Contains(info.Properties, property => property.IsExtensionData);
    }

    [Fact]
    public void UnknownMembersAreKeptAndWrittenBack()
    {
        var line = RecordLine.Of(1, extra: ",\"later\":{\"a\":[1]},\"line2\":7");

        var record = JsonSerializer.Deserialize(line, RecordsJson.Default.Record)!;
        var again = JsonSerializer.Serialize(record, RecordsJson.Default.Record);

        Assert.Equal("[1]", record.Unknown!["later"].GetProperty("a").GetRawText());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(line), JsonNode.Parse(again)), again);
    }

    [Theory]
    [InlineData(",\"tag\":\"a\",\"tag\":\"b\"")]
    [InlineData(",\"later\":1,\"later\":2")]
    public void AMemberThatIsThereTwiceMakesADocumentInvalid(string extra) =>
        Assert.Throws<JsonException>(
            () => JsonSerializer.Deserialize(RecordLine.Of(1, extra: extra), RecordsJson.Default.Record));

    /// <summary>Pages decide the content of parsed data, and their JSON may repeat a name.</summary>
    [Theory]
    [InlineData("parsed")]
    [InlineData("extra")]
    [InlineData("later")]
    public void InsideOfAValueANameMayOccurTwice(string member)
    {
        const string Value = "{\"a\":1,\"a\":[{\"b\":2,\"b\":3}]}";

        var record = JsonSerializer.Deserialize(
            RecordLine.Of(1, extra: $",\"{member}\":{Value}"), RecordsJson.Default.Record)!;
        using var text = new StreamReader(record.OpenRead(member)!);

        Assert.Equal(Value, text.ReadToEnd());
        Assert.Contains(Value, JsonSerializer.Serialize(record, RecordsJson.Default.Record), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "lacks 'schema'")]
    [InlineData(
        """{"schema":"pipeline.part/1","list_id":"l","submission_id":"s","uri":"https://a/b","records":[null]}""",
        "a record is null")]
    [InlineData("nonsense", "the JSON is not valid at line 1, byte 2")]
    [InlineData("pipeline.pointer/1 []", "pointer")]
    [InlineData("pipeline.part/1 []", "no records")]
    [InlineData("pipeline.part/1 [-1]", "offset -1")]
    [InlineData("pipeline.part/1 [9223372036854775807]", "offset 9223372036854775807")]
    [InlineData("pipeline.part/1 [0,5]", "twice")]
    [InlineData("pipeline.part/1 [0] ../../manifests/x", "not ids of a list and a submission")]
    [InlineData("pipeline.part/1 [0] ..", "not ids of a list and a submission")]
    public void AMessageThatIsNoPartSaysWhy(string text, string why)
    {
        // The short form names the schema, the offsets of records (all with the same id), and the submission.
        if (text.Split(' ') is [var schema, var offsets, .. var submission])
        {
            var records = string.Join(
                ',', JsonSerializer.Deserialize<long[]>(offsets)!.Select(offset =>
                    $$"""{"id":"a","url":"u","offset":{{offset}},"length":5,"content_digest":"d"}"""));
            text = $$"""
                {"schema":"{{schema}}","list_id":"l","submission_id":"{{submission.FirstOrDefault("s")}}",
                 "uri":"https://a/b","records":[{{records}}]}
                """;
        }

        var error = Assert.Throws<RecordException>(() => PartMessage.Parse(text));

        Assert.Equal(RecordFault.Invalid, error.Fault);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    private static JsonObject Definition(string path)
    {
        var schema = JsonNode.Parse(Repository.Read("docs/record.schema.json"))!["definitions"]!;
        var parts = path.Split('/');
        var definition = schema[parts[0]]!;
        foreach (var part in parts[1..])
            definition = definition["properties"]![part]!;
        return (definition["items"] ?? definition).AsObject();
    }
}
