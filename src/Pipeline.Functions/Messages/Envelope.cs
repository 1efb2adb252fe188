using System.Text.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Functions.Messages;

/// <summary>The body of a queue message, with the metadata that the pipeline's own messages carry.</summary>
/// <param name="Body">The body in UTF-8, as the sender wrote it.</param>
/// <param name="Requeued">Number of times it was delayed because a service asked for it.</param>
internal sealed record Envelope(ReadOnlyMemory<byte> Body, int Requeued = 0)
{
    private const string RequeuedField = "requeued";

    /// <summary>
    /// Whether the count can be written to the message. It cannot for lists: their ids derive from their bytes.
    /// </summary>
    public bool CanCount { get; private init; }

    /// <summary>Reads a message. Never fails: the stage reports what is wrong with the content.</summary>
    public static Envelope Read(string queue, BinaryData text)
    {
        var body = MessageText.Decode(text.ToMemory());
        if (queue == QueueNames.UrlLists)
            return new(body);
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } fields
                ? new(body, Number(fields, RequeuedField)) { CanCount = true }
                : new(body);
        }
        // Malformed JSON, or text with half of a surrogate pair.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return new(body);
        }
    }

    /// <summary>Returns the body with the count increased by one.</summary>
    public ReadOnlyMemory<byte> CountedUp()
    {
        using var document = JsonDocument.Parse(Body);
        using var counted = new MemoryStream();
        using (var writer = new Utf8JsonWriter(counted))
        {
            writer.WriteStartObject();
            foreach (var field in document.RootElement.EnumerateObject().Where(f => !f.NameEquals(RequeuedField)))
                field.WriteTo(writer);
            writer.WriteNumber(RequeuedField, Requeued + 1);
            writer.WriteEndObject();
        }
        return counted.ToArray();
    }

    /// <summary>
    /// Reads the count, limited to the number of attempts: a larger one is forged and has no more effect.
    /// </summary>
    private static int Number(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var number)
            ? Math.Clamp(number, 0, Tries.Max)
            : 0;
}
