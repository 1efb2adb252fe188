using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Pipeline.Emulator.Sessions;

/// <summary>
/// Decides when two requests are the same: by method, path, query and body, whatever the order of members.
/// </summary>
internal static partial class RequestKey
{
    /// <summary>The key of a request whose path and body already have placeholders.</summary>
    public static string Of(string method, string path, JsonNode? body) =>
        Numbered().Replace($"{method} {path} {Sorted(body)?.ToJsonString()}", "{{$1}}");

    /// <summary>
    /// The first member in which two bodies differ, such as <c>inputs[2].url</c>; null if they are equal.
    /// </summary>
    public static string? FirstDifference(JsonNode? one, JsonNode? other, string path = "")
    {
        if (one is JsonObject members && other is JsonObject others)
            return members.Select(m => m.Key).Union(others.Select(m => m.Key)).Order(StringComparer.Ordinal)
                .Select(name => FirstDifference(
                    members[name], others[name], path.Length == 0 ? name : $"{path}.{name}"))
                .FirstOrDefault(found => found is not null);
        if (one is JsonArray items && other is JsonArray otherItems && items.Count == otherItems.Count)
            return items.Select((item, i) => FirstDifference(item, otherItems[i], $"{path}[{i}]"))
                .FirstOrDefault(found => found is not null);
        return Of("", "", one) == Of("", "", other) ? null : path.Length == 0 ? "its body" : path;
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(m => m.Key, StringComparer.Ordinal).Select(
            m => KeyValuePair.Create(m.Key, Sorted(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    // The number of a POST only says when it was sent.
    [GeneratedRegex(@"\{\{session\.(callback|storage):\d+\}\}")]
    private static partial Regex Numbered();
}
