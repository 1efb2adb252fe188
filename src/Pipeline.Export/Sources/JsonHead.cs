using System.Text;
using System.Text.Json;

namespace Pipeline.Export.Sources;

/// <summary>Reads single members of a record or failure from the start of its JSON.</summary>
internal static class JsonHead
{
    /// <summary>Returns the list; empty if the start does not name it.</summary>
    public static string ListOf(ReadOnlySpan<byte> head) => Find(head, "list_id"u8) ?? "";

    /// <summary>Returns the id; null if the start does not name it.</summary>
    public static string? IdOf(ReadOnlySpan<byte> head) => Find(head, "id"u8);

    private static string? Find(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        try
        {
            var reader = new Utf8JsonReader(head, isFinalBlock: false, default);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isIt = reader.ValueTextEquals(name);
                if (!reader.Read())
                    return null;
                if (isIt)
                    return reader.TokenType == JsonTokenType.String ? Encoding.UTF8.GetString(reader.ValueSpan) : null;
                if (!reader.TrySkip())
                    return null;
            }
            return null;
        }
        // The scanner of the whole line reports the error.
        catch (JsonException)
        {
            return null;
        }
    }
}
