using System.Text.Json;
using Pipeline.Intake;

namespace Pipeline.Ledger;

/// <summary>An input as it works: the list's defaults overridden by the item's own fields. Delivery fields are not part of it.</summary>
internal sealed class EffectiveInput : IDisposable
{
    private readonly JsonDocument _shared;
    private readonly JsonDocument _own;
    private readonly OrderedDictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);

    /// <summary>Merges two JSON objects.</summary>
    public EffectiveInput(string sharedInputs, string input)
    {
        (_shared, _own) = (JsonDocument.Parse(sharedInputs), JsonDocument.Parse(input));
        foreach (var field in _shared.RootElement.EnumerateObject().Concat(_own.RootElement.EnumerateObject()))
        {
            // Those are the batch's, not an input's; and the callback URL holds a token that must not leave the pipeline.
            if (!DeliveryFields.Contains(field.Name))
                _fields[field.Name] = field.Value;
        }
    }

    /// <summary>The merged fields: shared ones in their order, then the item's others. Valid until this is disposed.</summary>
    public IReadOnlyDictionary<string, JsonElement> Fields => _fields;

    /// <summary>The merged input as one JSON value that lives on; a bad line's text stays the string it is.</summary>
    public static JsonElement Describe(string sharedInputs, InputEntry input)
    {
        if (input.Input is not ['{', ..])
            return JsonElement.Parse(input.Input);
        using var effective = new EffectiveInput(sharedInputs, input.Input);
        return JsonSerializer.SerializeToElement(effective.Fields, PipelineJson.Plain.IReadOnlyDictionaryStringJsonElement);
    }

    /// <summary>A field's text; null where there is none or it is not a string.</summary>
    public string? GetText(string name) =>
        _fields.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Writes it as one JSON object, numbers as they were given.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in _fields)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
        writer.WriteEndObject();
    }

    public void Dispose()
    {
        _shared.Dispose();
        _own.Dispose();
    }
}
