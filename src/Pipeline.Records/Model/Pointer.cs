using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>
/// A message that points to a document too large for a queue, schema <c>pipeline.pointer/1</c> (docs/downstream.md).
/// </summary>
internal sealed record Pointer
{
    public const string SchemaName = "pipeline.pointer/1";

    public required string Schema { get; init; }

    /// <summary>The id of the failure, or of the manifest's list.</summary>
    public required string Id { get; init; }

    /// <summary>Address of the blob, without credentials.</summary>
    public required Uri Uri { get; init; }

    /// <summary>Size of the blob.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the blob, 64 lower-case hex digits.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>Reads pointers without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Pointer))]
internal sealed partial class PointerJson : JsonSerializerContext;
