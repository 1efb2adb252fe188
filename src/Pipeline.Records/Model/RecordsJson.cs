using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>
/// Reads and writes the documents of this library without reflection: <c>JsonSerializer.Deserialize(text,
/// RecordsJson.Default.Failure)</c>. A document with a duplicate member is invalid. Values that a page or an API
/// decides, such as <c>parsed</c>, may have duplicate names.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    MaxDepth = MaxDepth,
    Converters = [typeof(UtcTimeConverter), typeof(AnyJsonConverter)])]
[JsonSerializable(typeof(Record))]
[JsonSerializable(typeof(Failure))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(PartMessage))]
public sealed partial class RecordsJson : JsonSerializerContext
{
    /// <summary>
    /// Maximum nesting of a document: that of a result (<c>Collect:MaxDepth</c> is at most 1,000), and the record
    /// around it.
    /// </summary>
    private const int MaxDepth = 1024;
}

/// <summary>Reads any JSON as it is, including an object with duplicate names.</summary>
internal sealed class AnyJsonConverter : JsonConverter<JsonElement>
{
    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonElement.ParseValue(ref reader);

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) =>
        value.WriteTo(writer);
}

/// <summary>Writes times as the pipeline does: UTC with milliseconds, <c>2026-03-19T10:00:04.000Z</c>.</summary>
internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(
            value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}
