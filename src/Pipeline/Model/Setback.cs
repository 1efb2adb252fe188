using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Model;

/// <summary>
/// Why work on a submission or list is postponed, and until when. The ledger keeps the last one, so that status can
/// show it.
/// </summary>
public sealed record Setback
{
    /// <summary>One of <see cref="FailureReasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>Message for people: what happened, where, and what to do.</summary>
    public required string Message { get; init; }

    /// <summary>Time of the first failed attempt, UTC.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Time of the next attempt, UTC.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>
    /// Number of attempts that failed for a cause that waiting does not explain; 0 while a service is just unavailable.
    /// </summary>
    public int Faults { get; init; }

    /// <summary>Serializes a setback to the JSON that ledgers keep in one column; null for null.</summary>
    internal static string? Write(Setback? setback) =>
        setback is null ? null : JsonSerializer.Serialize(setback, SetbackJson.Default.Setback);

    /// <summary>
    /// Parses the JSON of <see cref="Write"/>. JSON of another version that is unreadable counts as no setback, so that
    /// the row stays usable.
    /// </summary>
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
