using System.Text;
using System.Text.Json;

namespace Pipeline.Ports.Reading;

/// <summary>A message that no worker could handle.</summary>
/// <param name="Queue">The queue that it was sent to.</param>
/// <param name="Id">Its id in that queue.</param>
/// <param name="Text">The start of its body.</param>
/// <param name="Error">The error of its last try; null if neither the queue nor the message keeps it.</param>
/// <param name="At">When it was given up, UTC; null if the queue does not say.</param>
internal sealed record DeadLetter(string Queue, string Id, string Text, string? Error, DateTimeOffset? At)
{
    private const int MaxText = 400;

    /// <summary>A dead letter with the start of its body.</summary>
    public static DeadLetter Of(
        string queue, string id, ReadOnlySpan<byte> body, string? error, DateTimeOffset? at)
    {
        var text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, MaxText)]);
        return new(queue, id, body.Length > MaxText ? text + " …" : text, error ?? ErrorIn(body), at);
    }

    /// <summary>The member <c>error</c>, which a message has that counts its own tries.</summary>
    private static string? ErrorIn(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        try
        {
            while (json.Read())
            {
                if (json is not { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 })
                    continue;
                var isError = json.ValueTextEquals("error"u8);
                if (isError && json.Read() && json.TokenType == JsonTokenType.String)
                    return json.GetString();
            }
        }
        // Anybody may have written the message.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
        }
        return null;
    }
}

/// <summary>Reads the poison queues without changing them.</summary>
internal interface IDeadLetters
{
    /// <summary>Returns up to <paramref name="max"/> dead letters of a queue, the oldest first.</summary>
    Task<IReadOnlyList<DeadLetter>> GetDeadLettersAsync(
        string queue, int max, CancellationToken cancellationToken);
}
