using System.Text.Json;
using NJsonSchema;

namespace Pipeline.Tests.Support;

/// <summary>Validates output against the contract with consumers, docs/record.schema.json.</summary>
internal static class RecordSchema
{
    private static readonly Lazy<JsonSchema> Whole = new(
        () => JsonSchema.FromFileAsync(PathOf("record.schema.json")).GetAwaiter().GetResult());

    /// <summary>The path of a file in docs/.</summary>
    public static string PathOf(string document)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var path = Path.Combine(folder, "docs", document);
            if (File.Exists(path))
                return path;
        }
        throw new FileNotFoundException($"docs/{document} is in no folder above {AppContext.BaseDirectory}.");
    }

    /// <summary>The schema violations of a record, failure or manifest; its <c>schema</c> says which it is.</summary>
    public static IReadOnlyList<string> Validate(string line)
    {
        using var document = JsonDocument.Parse(line);
        var schema = document.RootElement.GetProperty("schema").GetString() ?? "";
        var name = schema.Split('/')[0].Replace("pipeline.", "", StringComparison.Ordinal);
        return Whole.Value.Definitions.TryGetValue(name, out var definition)
            ? [.. definition.Validate(line).Select(e => e.ToString())]
            : [$"'{schema}' is no schema of this contract."];
    }
}
