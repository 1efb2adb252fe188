using System.Text.Json.Nodes;

namespace Pipeline.Emulator.Sessions;

/// <summary>The delivery fields of a POST's body, which are below <c>shared_inputs</c> in a batch.</summary>
internal static class PostBody
{
    /// <summary>The callback URL; null for none.</summary>
    public static string? Callback(JsonNode? body) => Text(body, "callback_url");

    /// <summary>The storage URL; null for none.</summary>
    public static string? Storage(JsonNode? body) => Text(body, "storage_url");

    /// <summary>Replaces the callback URL.</summary>
    public static void SetCallback(JsonNode body, string url) => Place(body)!["callback_url"] = url;

    /// <summary>Remembers the addresses of the POST with this number.</summary>
    public static void Bind(SessionText text, int post, JsonNode? body)
    {
        if (Storage(body) is { } storage)
            text.Bind($"storage:{post}", storage);
        if (Callback(body) is { } callback)
            text.Bind($"callback:{post}", callback);
    }

    private static JsonObject? Place(JsonNode? body) =>
        body is JsonObject fields ? fields["shared_inputs"] as JsonObject ?? fields : null;

    private static string? Text(JsonNode? body, string name) =>
        Place(body)?[name] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;
}
