using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Json;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure;

/// <summary>A message whose content is in a blob.</summary>
internal sealed record Claim
{
    public const string Name = "pipeline.claim/1";

    public string Schema { get; init; } = Name;

    /// <summary>Name of the blob in the container <c>claims</c>.</summary>
    public required string Blob { get; init; }

    public required long Bytes { get; init; }

    public required string Sha256 { get; init; }
}

/// <summary>A message that names records of one part and their ranges. Schema <c>pipeline.part/1</c>.</summary>
internal sealed record PartMessage
{
    public string Schema { get; init; } = "pipeline.part/1";

    public required string ListId { get; init; }

    public required string SubmissionId { get; init; }

    /// <summary>The part's address, without credentials.</summary>
    public required string Uri { get; init; }

    public required IReadOnlyList<AnnouncedRecord> Records { get; init; }
}

/// <summary>
/// A message that points to a failure or manifest that does not fit in a message. Schema
/// <c>pipeline.pointer/1</c>.
/// </summary>
internal sealed record Pointer
{
    public string Schema { get; init; } = "pipeline.pointer/1";

    /// <summary>The id of the failure; the list's id for a manifest.</summary>
    public required string Id { get; init; }

    /// <summary>The blob's address, without credentials.</summary>
    public required string Uri { get; init; }

    /// <summary>The stored size in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the stored bytes, in lower-case hex.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>JSON serialization of claims, pointers and messages about parts.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Claim))]
[JsonSerializable(typeof(Pointer))]
[JsonSerializable(typeof(PartMessage))]
internal sealed partial class AzureJson : JsonSerializerContext
{
    public static AzureJson Plain =>
        _plain ??= new(new JsonSerializerOptions(Default.Options) { Encoder = MinimalJsonEncoder.Instance });

    private static AzureJson? _plain;
}
