using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Sessions;

/// <summary>A line of a recording. docs/emulator.md describes the format.</summary>
internal sealed record SessionLine
{
    /// <summary>The version of the format.</summary>
    public const int CurrentVersion = 1;

    private static readonly SessionJson Format = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Keeps pages readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary><c>session</c> (the first line), <c>exchange</c>, <c>object</c> or <c>webhook</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The version of the format; only in the first line.</summary>
    public int? Version { get; init; }

    /// <summary>The upstream; only in the first line.</summary>
    public string? Upstream { get; init; }

    /// <summary>The number of the POST that it belongs to; null for other requests.</summary>
    public int? Post { get; init; }

    /// <summary>GET or POST.</summary>
    public string? Method { get; init; }

    /// <summary>Path and query.</summary>
    public string? Path { get; init; }

    /// <summary>The JSON body of the request.</summary>
    public JsonNode? Request { get; init; }

    /// <summary>The status of the answer.</summary>
    public int? Status { get; init; }

    /// <summary>The headers of the answer that clients use.</summary>
    public Dictionary<string, string>? Headers { get; init; }

    /// <summary>The address of an object.</summary>
    public string? Uri { get; init; }

    /// <summary>Whether an object is stored as gzip.</summary>
    public bool? Gzip { get; init; }

    /// <summary>The content if it is JSON.</summary>
    public JsonNode? Json { get; init; }

    /// <summary>The content if it is not JSON.</summary>
    public byte[]? Base64 { get; init; }

    /// <summary>Its number in the file, from 1.</summary>
    [JsonIgnore]
    public int Number { get; init; }

    private bool IsComplete => Kind switch
    {
        "session" => true,
        "exchange" => Method is not null && Path is not null && Status is >= 200 and <= 599,
        "webhook" => Post is not null,
        "object" => Post is not null && Uri is { Length: > 5 },
        _ => false,
    };

    /// <summary>The line as text.</summary>
    public string ToText() => JsonSerializer.Serialize(this, Format.SessionLine);

    /// <summary>Reads a recording.</summary>
    /// <exception cref="FormatException">A line is not one of a recording; the message says which.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<SessionLine> ReadAll(string file)
    {
        if (!File.Exists(file))
            throw new FormatException(
                $"There is no file '{file}'. Record a session first: pipeline emulator --record FILE --upstream URL");
        var lines = new List<SessionLine>();
        foreach (var text in File.ReadLines(file))
        {
            var number = lines.Count + 1;
            try
            {
                var line = JsonSerializer.Deserialize(text, Format.SessionLine)
                    ?? throw new JsonException("The line is null.");
                if (!line.IsComplete)
                    throw new JsonException("The line lacks members.");
                lines.Add(line with { Number = number });
            }
            catch (JsonException error)
            {
                throw new FormatException(
                    $"'{file}' is not a recording: line {number} cannot be read. Record the session again with "
                    + "--record FILE.", error);
            }
        }
        return lines is [{ Kind: "session", Version: CurrentVersion }, ..]
            ? lines
            : throw new FormatException(
                $"'{file}' is not a recording of version {CurrentVersion}. Record the session again with --record "
                + "FILE.");
    }
}

/// <summary>Source-generated JSON for <see cref="SessionLine"/>.</summary>
[JsonSerializable(typeof(SessionLine))]
internal sealed partial class SessionJson : JsonSerializerContext;

/// <summary>Content in the form of recordings: as JSON if it is JSON, gzipped or not, otherwise as bytes.</summary>
internal static class SessionContent
{
    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Parses JSON; null if the bytes are not JSON.</summary>
    public static JsonNode? JsonOf(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes.Length == 0 ? null : JsonNode.Parse(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The bytes of JSON.</summary>
    public static byte[] BytesOf(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString(Relaxed));
}
