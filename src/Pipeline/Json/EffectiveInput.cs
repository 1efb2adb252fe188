using System.Buffers;
using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Json;

/// <summary>
/// An effective input: the list's defaults overridden by the item's own fields. Delivery fields are not part of it.
/// </summary>
internal sealed class EffectiveInput : IDisposable
{
    // Null if there are no defaults, as in most lists.
    private readonly JsonDocument? _shared;
    private readonly JsonDocument _own;
    private readonly JsonDocument? _kept;
    private OrderedDictionary<string, JsonElement>? _fields;

    /// <summary>Merges JSON objects.</summary>
    /// <param name="sharedInputs">The list's defaults.</param>
    /// <param name="input">The item's own fields.</param>
    /// <param name="kept">
    /// The fields that stay with the input and are not posted; only <see cref="WriteTo"/> includes them. Null for none.
    /// </param>
    public EffectiveInput(string sharedInputs, string input, string? kept = null)
    {
        _shared = sharedInputs is "{}" ? null : JsonDocument.Parse(sharedInputs, PipelineJson.Documents);
        _own = JsonDocument.Parse(input, PipelineJson.Documents);
        _kept = kept is null ? null : JsonDocument.Parse(kept, PipelineJson.Documents);
    }

    /// <summary>
    /// The merged fields: shared ones in their order, then the item's others. Valid until this is disposed.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Fields => _fields ??= Merge();

    /// <summary>
    /// Returns the merged input as one JSON object, which stays valid; for a bad line, which has none, its text.
    /// </summary>
    public static (JsonElement? Input, string? Text) Describe(string sharedInputs, InputEntry input)
    {
        try
        {
            if (input.Input is not ['{', ..])
                return (null, TextOf(JsonElement.Parse(input.Input, PipelineJson.Documents)));
            using var effective = new EffectiveInput(sharedInputs, input.Input, input.Kept);
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer))
                effective.WriteTo(writer);
            return (JsonElement.Parse(buffer.WrittenSpan, PipelineJson.Documents), null);
        }
        // An input that cannot be described must still get an outcome.
        catch (JsonException)
        {
            return (null, input.Input);
        }
    }

    /// <summary>Returns a field's string, or its number or boolean as text; null otherwise.</summary>
    public string? GetText(string name) => (Find(_own, name) ?? Find(_shared, name)) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } scalar => scalar.GetRawText(),
        _ => null,
    };

    /// <summary>Writes the input as one JSON object. Numbers keep their original spelling.</summary>
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

    private static string TextOf(JsonElement line) =>
        line.ValueKind == JsonValueKind.String ? line.GetString()! : line.GetRawText();

    private static JsonElement? Find(JsonDocument? document, string name) =>
        document is not null && document.RootElement.TryGetProperty(name, out var value) ? value : null;

    private OrderedDictionary<string, JsonElement> Merge()
    {
        var fields = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var document in (ReadOnlySpan<JsonDocument?>)[_shared, _own])
        {
            if (document is null)
                continue;
            foreach (var field in document.RootElement.EnumerateObject())
            {
                // Delivery fields belong to the batch, and the callback URL has a token that must not leave the
                // pipeline.
                if (!DeliveryFields.Contains(field))
                    fields[field.Name] = field.Value;
            }
        }
        return fields;
    }
}
