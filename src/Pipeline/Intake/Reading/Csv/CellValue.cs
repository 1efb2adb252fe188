using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Pipeline.Intake.Reading.Json;
using Pipeline.Json;

namespace Pipeline.Intake.Reading.Csv;

/// <summary>
/// Converts the text of a CSV cell to the JSON type the API expects: it rejects <c>"render":"true"</c>.
/// </summary>
internal static class CellValue
{
    private static readonly HashSet<string> Texts = new(StringComparer.Ordinal) { "url", "tag", "body", "city" };

    /// <summary>Writes the property. Returns null on success, otherwise what is wrong with the cell.</summary>
    public static string? Write(Utf8JsonWriter writer, string name, ReadOnlySpan<byte> cell)
    {
        if (name == "formats" && cell.Length > 0 && cell[0] != (byte)'[')
        {
            WriteList(writer, name, cell);
            return null;
        }
        if (Texts.Contains(name) || cell.Length == 0)
            writer.WriteString(name, cell);
        else if (cell[0] is (byte)'[' or (byte)'{')
            return WriteJson(writer, name, cell);
        else if (Ascii.EqualsIgnoreCase(cell, "true"u8) || Ascii.EqualsIgnoreCase(cell, "false"u8))
            writer.WriteBoolean(name, cell.Length == 4);
        else if (!name.EndsWith("_timeout", StringComparison.Ordinal))
            writer.WriteString(name, cell);
        else if (Utf8Parser.TryParse(cell, out decimal number, out var used) && used == cell.Length)
            writer.WriteNumber(name, number);
        else
            return $"'{name}' is not a number";
        return null;
    }

    private static string? WriteJson(Utf8JsonWriter writer, string name, ReadOnlySpan<byte> cell)
    {
        try
        {
            using var document = JsonDocument.Parse(cell.ToArray(), CanonicalJson.Strict);
            writer.WritePropertyName(name);
            writer.WriteRawValue(cell, skipInputValidation: true);
            return null;
        }
        catch (JsonException error)
        {
            return $"'{name}' starts like JSON but is not valid JSON: {JsonProblems.Describe(error)}";
        }
    }

    // People write "html;markdown" or "html|markdown" in files whose delimiter is a comma.
    private static void WriteList(Utf8JsonWriter writer, string name, ReadOnlySpan<byte> cell)
    {
        writer.WriteStartArray(name);
        foreach (var range in cell.SplitAny(";|,"u8))
        {
            var part = cell[range].Trim((byte)' ');
            if (part.Length > 0)
                writer.WriteStringValue(part);
        }
        writer.WriteEndArray();
    }
}
