using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Notation;

namespace Pipeline.Json;

/// <summary>Writes times in the format of <see cref="UtcTime"/>.</summary>
internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        UtcTime.WriteValue(writer, value);
}
