using System.Text.Json.Serialization;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Notify;

/// <summary>The data of <c>pipeline.list.closed</c>: the manifest without its submissions.</summary>
internal sealed record ListClosed
{
    /// <inheritdoc cref="Manifest.ListId"/>
    public required string ListId { get; init; }

    /// <inheritdoc cref="Manifest.Source"/>
    public string? Source { get; init; }

    /// <inheritdoc cref="Manifest.Api"/>
    public string? Api { get; init; }

    /// <inheritdoc cref="Model.Manifest.Inputs"/>
    public required long Inputs { get; init; }

    /// <inheritdoc cref="Model.Manifest.Records"/>
    public required long Records { get; init; }

    /// <inheritdoc cref="Model.Manifest.Failures"/>
    public required long Failures { get; init; }

    /// <inheritdoc cref="Model.Manifest.Duplicates"/>
    public required long Duplicates { get; init; }

    /// <inheritdoc cref="Model.Manifest.FailuresByReason"/>
    public required IReadOnlyDictionary<string, long> FailuresByReason { get; init; }

    /// <inheritdoc cref="Model.Manifest.RecordsByHttpStatus"/>
    public required IReadOnlyDictionary<string, long> RecordsByHttpStatus { get; init; }

    /// <inheritdoc cref="Model.Manifest.EstimatedCost"/>
    public decimal? EstimatedCost { get; init; }

    /// <inheritdoc cref="Model.Manifest.CreatedAt"/>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <inheritdoc cref="Model.Manifest.ClosedAt"/>
    public required DateTimeOffset ClosedAt { get; init; }

    /// <inheritdoc cref="Model.Manifest.DurationMs"/>
    public required long DurationMs { get; init; }

    /// <summary>Address of the whole manifest, without credentials.</summary>
    public required string Manifest { get; init; }
}

/// <summary>The data of <c>pipeline.submission.closed</c>.</summary>
internal sealed record SubmissionClosed
{
    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Its list.</summary>
    public required string ListId { get; init; }

    /// <summary>Nimble's batch id; null if there is none.</summary>
    public string? BatchId { get; init; }

    /// <summary>Number of inputs that became records.</summary>
    public required int Records { get; init; }

    /// <summary>Number of inputs that became failures.</summary>
    public required int Failures { get; init; }

    /// <summary>Number of this attempt at the inputs, from 1.</summary>
    public required int Attempt { get; init; }
}

/// <summary>The data of <c>pipeline.test</c>.</summary>
/// <param name="Message">A sentence for people.</param>
internal sealed record TestData(string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(ListClosed))]
[JsonSerializable(typeof(SubmissionClosed))]
[JsonSerializable(typeof(TestData))]
internal sealed partial class EventJson : JsonSerializerContext;
