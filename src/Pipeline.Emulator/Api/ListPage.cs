using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Pipeline.Emulator.Api;

/// <summary>
/// Which page of a list a request asks for: up to <c>Limit</c> items below the sequence number <c>Before</c>.
/// </summary>
internal sealed record ListPage(int Limit, long Before)
{
    /// <summary>
    /// Reads <c>limit</c> and <c>cursor</c>; adds to <paramref name="errors"/> what is wrong with them.
    /// </summary>
    public static ListPage Read(HttpRequest request, int defaultLimit, int maxLimit, List<string> errors)
    {
        var limit = defaultLimit;
        if (request.Query.TryGetValue("limit", out var text)
            && (!int.TryParse(text, out limit) || limit < 1 || limit > maxLimit))
            errors.Add($"limit: must be a whole number from 1 to {maxLimit}");
        var before = long.MaxValue;
        if (request.Query.TryGetValue("cursor", out var cursor) && cursor.ToString().Length > 0
            && !TryDecode(cursor.ToString(), out before))
            errors.Add("cursor: must be a next_cursor of this API");
        return new(limit, before);
    }

    /// <summary>The cursor of the page after a sequence number; opaque to clients.</summary>
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
        return json.StartsWith("{\"id\":", StringComparison.Ordinal)
            && long.TryParse(json.AsSpan(6, Math.Max(0, json.Length - 7)), out before);
    }
}
