using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Model.Series;

/// <summary>How a record differs from the last one of the same input in its series.</summary>
public enum RecordChange
{
    /// <summary>The series has no earlier record of the input.</summary>
    New,

    /// <summary>Content and HTTP status are the same.</summary>
    Same,

    /// <summary>Content or HTTP status differ.</summary>
    Changed,
}

/// <summary>What a series compares of a record.</summary>
/// <param name="ContentDigest">The record's <c>content_digest</c>.</param>
/// <param name="TextDigest">The record's <c>text_digest</c>; null if the result has no text.</param>
/// <param name="HttpStatus">The page's HTTP status; null if the result has none.</param>
public sealed record SeriesOutcome(string ContentDigest, string? TextDigest, int? HttpStatus);

/// <summary>What the ledger keeps about an input whose list is a run of a series.</summary>
public sealed record InputSeries
{
    /// <summary>Identifies the input in its series: 32 hex digits over the effective input.</summary>
    public required string Key { get; init; }

    /// <summary>The series' last record of the input when the list was planned; null if there was none.</summary>
    public SeriesOutcome? Previous { get; init; }

    /// <summary>The version of the series' entry that holds <see cref="Previous"/>; null if there was none.</summary>
    public string? PreviousVersion { get; init; }

    /// <summary>This run's record; null until it is stored.</summary>
    public SeriesOutcome? Current { get; init; }

    /// <summary>How the record differs from <see cref="Previous"/>; null until it is stored.</summary>
    public RecordChange? Change { get; init; }

    /// <summary>Serializes to the JSON that ledgers keep in one column; null for null.</summary>
    internal static string? Write(InputSeries? series) =>
        series is null ? null : JsonSerializer.Serialize(series, SeriesJson.Default.InputSeries);

    /// <summary>Parses the JSON of <see cref="Write"/>.</summary>
    internal static InputSeries? Read(string? json) =>
        json is null ? null : JsonSerializer.Deserialize(json, SeriesJson.Default.InputSeries);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(InputSeries))]
internal sealed partial class SeriesJson : JsonSerializerContext;
