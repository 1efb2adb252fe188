using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Json;

/// <summary>Writes a text that is JSON as that JSON, and reads any JSON as its text.</summary>
internal sealed class RawJsonConverter : JsonConverter<string>
{
    /// <inheritdoc/>
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var value = JsonDocument.ParseValue(ref reader);
        return value.RootElement.GetRawText();
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value);
}
