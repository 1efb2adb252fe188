using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Pipeline.Emit;

namespace Pipeline.Intake;

/// <summary>
/// JSON in one form only: properties sorted by name at every depth, no white space, one way to escape. Numbers stay as
/// they were written.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>
    /// Escapes no more than JSON asks for, so that URLs stay readable. The encoder is ours: ids hash what it writes,
    /// and the runtime's own ones change with its Unicode tables.
    /// </summary>
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = MinimalJsonEncoder.Instance,
        SkipValidation = true,
    };

    /// <summary>
    /// The one budget of depth for items and shared inputs. Whatever is written around them later (a batch, a failure,
    /// a record, a row of the ledger) is read with a limit of 64 or more, and adds a few levels.
    /// </summary>
    public const int MaxDepth = 48;

    /// <summary>
    /// How items and shared inputs are read: a name twice in one object has no one meaning, so it is an error.
    /// </summary>
    public static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>Writes a value in its canonical form.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    Write(writer, property.Value);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    /// <summary>The canonical form of a value as bytes.</summary>
    public static byte[] ToBytes(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
            Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// False when a string in there is no Unicode text (half of a surrogate pair, written as an escape): it could be
    /// neither posted nor compared.
    /// </summary>
    public static bool IsText(JsonElement value, ReadOnlySpan<byte> raw)
    {
        if (!Utf8.IsValid(raw))
            return false;
        if (raw.IndexOf("\\u"u8) < 0)
            return true;
        try
        {
            ToBytes(value);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
