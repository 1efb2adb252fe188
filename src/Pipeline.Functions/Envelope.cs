using System.Text.Json;
using Pipeline.Model;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Functions;

/// <summary>A queue message's body, with what our own messages carry besides their content.</summary>
/// <param name="Body">UTF-8, as the sender wrote it.</param>
/// <param name="TraceParent">The sender's trace.</param>
/// <param name="Requeued">How often it was put off at another side's wish.</param>
internal sealed record Envelope(ReadOnlyMemory<byte> Body, string? TraceParent = null, int Requeued = 0)
{
    private const string RequeuedField = "requeued";

    /// <summary>Whether a count can be added to it: lists are the user's, and their ids are derived from their bytes.</summary>
    public bool CanCount { get; private init; }

    /// <summary>Reads a message. Whatever it holds, this does not fail: the stage says what is wrong with it.</summary>
    public static Envelope Read(string queue, BinaryData text)
    {
        var body = MessageText.Decode(text.ToMemory());
        if (queue == QueueNames.UrlLists)
            return new(body);
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } fields
                ? new(body, Text(fields, "trace_parent"), Number(fields, RequeuedField)) { CanCount = true }
                : new(body);
        }
        // Malformed, or half of a surrogate pair where a text should be.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return new(body);
        }
    }

    /// <summary>The body with the count one higher.</summary>
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

    private static string? Text(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>At most the number of tries: a count that is higher says no more, and nobody counts that far.</summary>
    private static int Number(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? Math.Clamp(number, 0, MessageRunner.MaxTries)
            : 0;
}
