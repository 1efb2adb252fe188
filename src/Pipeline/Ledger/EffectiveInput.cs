using System.Text.Json;

namespace Pipeline.Ledger;

/// <summary>An input as Nimble sees it: the list's shared_inputs with the item's own fields over them.</summary>
internal static class EffectiveInput
{
    /// <summary>The merged members: shared ones in their order, each replaced by the item's where it has one, then the item's others.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Merge(string sharedInputs, string input)
    {
        var merged = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var json in (ReadOnlySpan<string>)[sharedInputs, input])
        {
            using var document = JsonDocument.Parse(json);
            foreach (var property in document.RootElement.EnumerateObject())
                merged[property.Name] = property.Value.Clone();
        }

        return merged;
    }

    /// <summary>The merged input as one JSON value; a bad line's text stays the string it is.</summary>
    public static JsonElement ToElement(string sharedInputs, InputEntry input)
    {
        var own = JsonElement.Parse(input.Input);
        return own.ValueKind == JsonValueKind.Object
            ? JsonSerializer.SerializeToElement(Merge(sharedInputs, input.Input), PipelineJson.Default.IReadOnlyDictionaryStringJsonElement)
            : own;
    }
}
