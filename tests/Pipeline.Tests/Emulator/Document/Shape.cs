using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Tests.Emulator.Document;

/// <summary>
/// Compares an answer with an example: every member must be present with the same kind, and words, numbers of states
/// and booleans must be equal. Ids, times, addresses, counts and texts may differ.
/// </summary>
internal static class Shape
{
    private static readonly HashSet<string> Words = ["status", "state", "api_type", "success", "driver", "status_code"];

    /// <summary>The differences, one per line.</summary>
    public static IEnumerable<string> Differences(JsonNode? example, JsonNode? actual, string path = "$")
    {
        if (example is JsonObject members && actual is JsonObject given)
            return members.SelectMany(member => given.ContainsKey(member.Key)
                ? Differences(member.Value, given[member.Key], $"{path}.{member.Key}")
                : [$"{path} lacks {member.Key}"]);
        if (example is JsonArray items && actual is JsonArray found)
            return items.SelectMany((item, index) =>
                found.Any(f => !Differences(item, f, path).Any())
                    ? []
                    : found.Take(1).SelectMany(f => Differences(item, f, $"{path}[{index}]")).DefaultIfEmpty(
                        $"{path} is empty"));
        return Compare(example, actual, path);
    }

    private static IEnumerable<string> Compare(JsonNode? example, JsonNode? actual, string path)
    {
        var (expected, kind) = (KindOf(example), KindOf(actual));
        if (expected != kind)
            yield return $"{path} is {kind}, not {expected}";
        else if (expected is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null)
            yield break;
        else if (Words.Contains(path[(path.LastIndexOf('.') + 1)..])
            && example!.ToJsonString() != actual!.ToJsonString())
            yield return $"{path} is {actual}, not {example}";
        else if (path.EndsWith("_at", StringComparison.Ordinal)
            && actual!.ToString().Length != example!.ToString().Length)
            yield return $"{path} is {actual}, unlike {example}";
    }

    private static JsonValueKind KindOf(JsonNode? node) => node?.GetValueKind() ?? JsonValueKind.Null;
}
