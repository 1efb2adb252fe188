using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Pipeline.Emulator.Api;

/// <summary>A page of a list: how many, and before which sequence number.</summary>
internal sealed record Page(int Limit, long Before)
{
    /// <summary>Reads <c>limit</c> and <c>cursor</c>; what is wrong with them goes to <paramref name="errors"/>.</summary>
    public static Page Read(HttpRequest request, int defaultLimit, int maxLimit, List<string> errors)
    {
        var limit = defaultLimit;
        if (request.Query.TryGetValue("limit", out var text) && (!int.TryParse(text, out limit) || limit < 1 || limit > maxLimit))
            errors.Add($"limit: must be a whole number from 1 to {maxLimit}");
        var before = long.MaxValue;
        if (request.Query.TryGetValue("cursor", out var cursor) && cursor.ToString().Length > 0 && !TryDecode(cursor.ToString(), out before))
            errors.Add("cursor: is not one that this API gave out");
        return new(limit, before);
    }

    /// <summary>The cursor of what follows a sequence number: opaque to clients.</summary>
    public static string Encode(long last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"id":{{last}}}"""));

    public static void WritePagination(Utf8JsonWriter writer, long? next, long total)
    {
        writer.WriteStartObject("pagination");
        writer.WriteBoolean("has_next", next is not null);
        writer.WriteString("next_cursor", next is { } last ? Encode(last) : null);
        writer.WriteNumber("total", total);
        writer.WriteEndObject();
    }

    private static bool TryDecode(string text, out long before)
    {
        before = 0;
        if (!Base64Url.IsValid(text))
            return false;
        var json = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        return json.StartsWith("{\"id\":", StringComparison.Ordinal) && long.TryParse(json.AsSpan(6, Math.Max(0, json.Length - 7)), out before);
    }
}
