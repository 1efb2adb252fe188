using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Json;

/// <summary>
/// Canonical JSON: properties sorted by name at every depth, no white space, one way to escape. Numbers keep their
/// original spelling.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>
    /// Escapes only what JSON requires, so URLs stay readable. The encoder is our own because ids are hashes of its
    /// output, and the output of the runtime's encoders changes with its Unicode tables.
    /// </summary>
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = MinimalJsonEncoder.Instance,
        SkipValidation = true,
    };

    /// <summary>
    /// Maximum nesting depth of items and shared inputs. Documents that embed them later (batches, failures, records,
    /// ledger rows) add a few levels and are read with a limit of 64 or more.
    /// </summary>
    public const int MaxDepth = 48;

    /// <summary>
    /// Reader options for items and shared inputs. Duplicate names in one object are an error because they are
    /// ambiguous.
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

    /// <summary>Returns the canonical form of a value as UTF-8.</summary>
    public static byte[] ToBytes(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
            Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Returns false if a string in the value is not valid Unicode (an escaped lone surrogate). Such a string can be
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
