using System.Text.Json;

namespace Pipeline.Intake;

/// <summary>What a list says of itself beside its items.</summary>
/// <param name="SharedInputs">Its extraction defaults, delivery fields taken out.</param>
/// <param name="ListId">Its id.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Dropped">The delivery fields that were taken out.</param>
internal sealed record DocumentFields(
    JsonElement? SharedInputs,
    string? ListId,
    string? Name,
    IReadOnlyList<string> Dropped
)
{
    /// <summary>Nothing.</summary>
    public static DocumentFields None { get; } = new(null, null, null, []);
}
