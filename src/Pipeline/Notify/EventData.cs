using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Pipeline.Notify;

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
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(SubmissionClosed))]
[JsonSerializable(typeof(TestData))]
internal sealed partial class EventJson : JsonSerializerContext;
