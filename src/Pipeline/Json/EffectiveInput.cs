using System.Buffers;
using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Json;

/// <summary>An input as it works: the list's defaults overridden by the item's own fields. Delivery fields are not part of it.</summary>
internal sealed class EffectiveInput : IDisposable
{
    // Null for none, as most lists have it.
    private readonly JsonDocument? _shared;
    private readonly JsonDocument _own;
    private readonly JsonDocument? _kept;
    private OrderedDictionary<string, JsonElement>? _fields;

    /// <summary>Merges JSON objects.</summary>
    /// <param name="sharedInputs">The list's defaults.</param>
    /// <param name="input">The item's own fields.</param>
    /// <param name="kept">What stays with the input and is not posted: only <see cref="WriteTo"/> shows it. Null for nothing.</param>
    public EffectiveInput(string sharedInputs, string input, string? kept = null)
    {
        _shared = sharedInputs is "{}" ? null : JsonDocument.Parse(sharedInputs, PipelineJson.Documents);
        _own = JsonDocument.Parse(input, PipelineJson.Documents);
        _kept = kept is null ? null : JsonDocument.Parse(kept, PipelineJson.Documents);
    }

    /// <summary>The merged fields: shared ones in their order, then the item's others. Valid until this is disposed.</summary>
    public IReadOnlyDictionary<string, JsonElement> Fields => _fields ??= Merge();

    /// <summary>The merged input as one JSON value that lives on; a bad line's text, or what is no JSON, is a string.</summary>
    public static JsonElement Describe(string sharedInputs, InputEntry input)
    {
        try
        {
            if (input.Input is not ['{', ..])
                return JsonElement.Parse(input.Input, PipelineJson.Documents);
            using var effective = new EffectiveInput(sharedInputs, input.Input, input.Kept);
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer))
                effective.WriteTo(writer);
            return JsonElement.Parse(buffer.WrittenSpan, PipelineJson.Documents);
        }
        // Whatever the ledger has: that an input cannot be described must not keep it from having an outcome.
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(input.Input, PipelineJson.Plain.String);
        }
    }

    /// <summary>A field's text, or its number as text; null where it is neither.</summary>
    public string? GetText(string name) => (Find(_own, name) ?? Find(_shared, name)) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } scalar => scalar.GetRawText(),
        _ => null,
    };

    /// <summary>Writes it as one JSON object, numbers as they were given.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (_shared is not null)
        {
            foreach (var field in _shared.RootElement.EnumerateObject().Where(f => !DeliveryFields.Contains(f)))
            {
                writer.WritePropertyName(field.Name);
                (Find(_own, field.Name) ?? field.Value).WriteTo(writer);
            }
        }
        foreach (var field in _own.RootElement.EnumerateObject())
        {
            if (!DeliveryFields.Contains(field) && (_shared is null || Find(_shared, field.Name) is null))
                field.WriteTo(writer);
        }
        foreach (var field in _kept?.RootElement.EnumerateObject() ?? default)
        {
            if (Find(_own, field.Name) is null && Find(_shared, field.Name) is null)
                field.WriteTo(writer);
        }
        writer.WriteEndObject();
    }

    public void Dispose()
    {
        _shared?.Dispose();
        _own.Dispose();
        _kept?.Dispose();
    }

    private static JsonElement? Find(JsonDocument? document, string name) => document is not null && document.RootElement.TryGetProperty(name, out var value) ? value : null;

    private OrderedDictionary<string, JsonElement> Merge()
    {
        var fields = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var document in (ReadOnlySpan<JsonDocument?>)[_shared, _own])
        {
            if (document is null)
                continue;
            foreach (var field in document.RootElement.EnumerateObject())
            {
                // Those are the batch's, not an input's; and the callback URL holds a token that must not leave the pipeline.
                if (!DeliveryFields.Contains(field))
                    fields[field.Name] = field.Value;
            }
        }
        return fields;
    }
}
