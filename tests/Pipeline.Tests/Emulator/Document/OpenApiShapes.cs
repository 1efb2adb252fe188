using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Tests.Emulator.Document;

/// <summary>Checks answers against the schemas of an OpenAPI document. Unknown members are faults too.</summary>
internal sealed class OpenApiShapes(JsonNode document)
{
    /// <summary>The faults of an answer, one per line.</summary>
    public IEnumerable<string> Faults(string path, string method, Answer answer)
    {
        var status = answer.Status.ToString(CultureInfo.InvariantCulture);
        var reply = document["paths"]![path]![method]!["responses"]![status];
        return reply is null
            ? [$"{method} {path} may not answer {status}"]
            : Check(reply["content"]!["application/json"]!["schema"]!, answer.Body, $"{path} {status}");
    }

    private IEnumerable<string> Check(JsonNode schema, JsonNode? value, string at)
    {
        var options = schema["oneOf"]?.AsArray().OfType<JsonNode>().ToList();
        if (options is not null)
            return options.Any(option => !Check(option, value, at).Any()) ? [] : [$"{at} fits no form"];
        schema = Resolve(schema);
        if (!HasType(schema["type"], value))
            return [$"{at} is {value?.ToJsonString() ?? "null"}, not {schema["type"]!.ToJsonString()}"];
        return value switch
        {
            JsonObject members when schema["properties"] is JsonObject => CheckMembers(schema, members, at),
            JsonArray items => items.SelectMany((item, i) => Check(schema["items"]!, item, $"{at}[{i}]")),
            _ => [],
        };
    }

    private IEnumerable<string> CheckMembers(JsonNode schema, JsonObject members, string at)
    {
        var known = schema["properties"]!.AsObject();
        var required = schema["required"]?.AsArray().Select(name => (string)name!) ?? [];
        return required.Where(name => !members.ContainsKey(name)).Select(name => $"{at} lacks {name}")
            .Concat(members.SelectMany(member => known[member.Key] is { } property
                ? Check(property, member.Value, $"{at}.{member.Key}")
                : [$"{at} has the unknown member {member.Key}"]));
    }

    private JsonNode Resolve(JsonNode schema) =>
        (string?)schema["$ref"] is { } name ? document["components"]!["schemas"]![name.Split('/')[^1]]! : schema;

    private static bool HasType(JsonNode? type, JsonNode? value)
    {
        if (type is null)
            return true;
        var names = type is JsonArray several ? several.Select(name => (string)name!) : [(string)type!];
        return names.Any(name => name switch
        {
            "null" => value is null,
            "object" => value is JsonObject,
            "array" => value is JsonArray,
            "string" => value?.GetValueKind() == JsonValueKind.String,
            "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
            _ => value?.GetValueKind() == JsonValueKind.Number,
        });
    }
}
