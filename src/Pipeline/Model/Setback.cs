using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Model;

/// <summary>Why work on a submission or a list is put off, and until when. Its row keeps the last one, so that status can show it.</summary>
public sealed record Setback
{
    /// <summary>A word of <see cref="FailureReasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>For people: what went wrong, where, and what to do.</summary>
    public required string Message { get; init; }

    /// <summary>When it went wrong first, UTC.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it is tried again, UTC.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>How many tries failed for a cause that no wait explains; 0 while the other side is only unavailable.</summary>
    public int Faults { get; init; }

    /// <summary>The JSON that ledgers keep in one column; null for null.</summary>
    internal static string? Write(Setback? setback) => setback is null ? null : JsonSerializer.Serialize(setback, SetbackJson.Default.Setback);

    /// <summary>Reads what <see cref="Write"/> wrote. What another version wrote, and cannot be read, counts as none: a row must not be lost for it.</summary>
    internal static Setback? Read(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, SetbackJson.Default.Setback);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Setback))]
internal sealed partial class SetbackJson : JsonSerializerContext;
