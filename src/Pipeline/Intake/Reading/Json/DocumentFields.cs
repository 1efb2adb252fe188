using System.Text.Json;
using Pipeline.Model.Series;

namespace Pipeline.Intake.Reading.Json;

/// <summary>The fields of a list besides its items.</summary>
/// <param name="SharedInputs">Extraction defaults, without delivery fields.</param>
/// <param name="ListId">The list's id.</param>
/// <param name="Name">The list's display name.</param>
/// <param name="Dropped">Names of the delivery fields that were removed.</param>
internal sealed record DocumentFields(
    JsonElement? SharedInputs, string? ListId, string? Name, IReadOnlyList<string> Dropped)
{
    /// <summary>What the list says about its series.</summary>
    public SeriesFields Series { get; init; }

    /// <summary>No fields.</summary>
    public static DocumentFields None { get; } = new(null, null, null, []);
}
