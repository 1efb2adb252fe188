using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Json;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// A table row as a line of JSON that keeps the type of each value: <c>{"partition":"p","key":"k","values":{…}}</c>.
/// Texts, booleans and 32-bit numbers are JSON values; all others are an array of type and text, such as
/// <c>["Int64","1"]</c>. The service's own columns, time and ETag, are left out: they change with each write.
/// </summary>
internal static class RowText
{
    private static readonly JsonWriterOptions Options = new() { Encoder = MinimalJsonEncoder.Instance };

    /// <summary>Writes a row and a line feed.</summary>
    public static void Write(IBufferWriter<byte> output, TableEntity row)
    {
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteString("partition", row.PartitionKey);
            json.WriteString("key", row.RowKey);
            json.WriteStartObject("values");
            foreach (var (name, value) in row)
                if (value is not null && !IsOfService(name))
                    Write(json, name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="InvalidDataException">This class did not write the line.</exception>
    public static TableEntity Read(ReadOnlySequence<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var json = document.RootElement;
            var row = new TableEntity(
                json.GetProperty("partition").GetString(), json.GetProperty("key").GetString());
            foreach (var value in json.GetProperty("values").EnumerateObject())
                row[value.Name] = Read(value.Value);
            return row;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException
            or OverflowException or KeyNotFoundException or ArgumentException)
        {
            throw new InvalidDataException("it has a row that cannot be read.", error);
        }
    }

    private static bool IsOfService(string name) =>
        name is nameof(TableEntity.PartitionKey) or nameof(TableEntity.RowKey) or nameof(TableEntity.Timestamp)
        || name.StartsWith("odata.", StringComparison.Ordinal);

    private static void Write(Utf8JsonWriter json, string name, object value)
    {
        switch (value)
        {
            case string text:
                json.WriteString(name, text);
                break;
            case bool isTrue:
                json.WriteBoolean(name, isTrue);
                break;
            case int number:
                json.WriteNumber(name, number);
                break;
            default:
                json.WriteStartArray(name);
                var (type, textOf) = Describe(value);
                json.WriteStringValue(type);
                json.WriteStringValue(textOf);
                json.WriteEndArray();
                break;
        }
    }

    private static (string Type, string Text) Describe(object value) => value switch
    {
        long number => ("Int64", number.ToString(CultureInfo.InvariantCulture)),
        double number => ("Double", number.ToString("R", CultureInfo.InvariantCulture)),
        DateTimeOffset time => ("DateTime", time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
        Guid id => ("Guid", id.ToString()),
        byte[] bytes => ("Binary", Convert.ToBase64String(bytes)),
        BinaryData bytes => ("Binary", Convert.ToBase64String(bytes)),
        _ => throw new InvalidDataException($"A row has a value of type {value.GetType().Name}, which no table has."),
    };

    private static object Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => json.GetInt32(),
        JsonValueKind.Array when json.GetArrayLength() == 2 => Read(json[0].GetString(), json[1].GetString() ?? ""),
        _ => throw new FormatException($"a value cannot be {json.ValueKind}"),
    };

    private static object Read(string? type, string text) => type switch
    {
        "Int64" => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
        "Double" => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
        "DateTime" => DateTimeOffset.ParseExact(
            text, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        "Guid" => Guid.Parse(text, CultureInfo.InvariantCulture),
        "Binary" => Convert.FromBase64String(text),
        _ => throw new FormatException($"'{type}' is no type of a table"),
    };
}
