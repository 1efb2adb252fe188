using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Ports;

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

    /// <summary>
    /// Reads a message. Senders that follow the older SDKs encode in base64 although host.json says <c>none</c>: neither a list of URLs nor JSON is
    /// ever valid base64, so such a text can be told and is decoded.
    /// </summary>
    public static Envelope Read(string queue, BinaryData text)
    {
        var bytes = text.ToMemory();
        var body = Base64.IsValid(bytes.Span) && !bytes.IsEmpty ? Convert.FromBase64String(Encoding.ASCII.GetString(bytes.Span)) : bytes;
        if (queue == QueueNames.UrlLists || ParseObject(body) is not { } fields)
            return new(body);
        return new(body, Text(fields["trace_parent"]), Number(fields[RequeuedField])) { CanCount = true };
    }

    /// <summary>The body with the count one higher.</summary>
    public ReadOnlyMemory<byte> CountedUp()
    {
        var fields = ParseObject(Body)!;
        fields[RequeuedField] = Requeued + 1;
        return Encoding.UTF8.GetBytes(fields.ToJsonString());
    }

    private static JsonObject? ParseObject(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonNode.Parse(body.Span) as JsonObject;
        }
        catch (JsonException)
        {
            // Whoever handles the message says what is wrong with it.
            return null;
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static int Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var number) && number > 0 ? number : 0;
}
