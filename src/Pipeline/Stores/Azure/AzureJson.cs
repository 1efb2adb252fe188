using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Json;

namespace Pipeline.Stores.Azure;

/// <summary>A message that stands for one in a blob.</summary>
internal sealed record Claim
{
    public const string Name = "pipeline.claim/1";

    public string Schema { get; init; } = Name;

    /// <summary>The blob in the container of claims.</summary>
    public required string Blob { get; init; }

    public required long Bytes { get; init; }

    public required string Sha256 { get; init; }
}

/// <summary>A message that says where a record, a failure or a manifest lies that no message can hold, schema <c>pipeline.pointer/1</c>.</summary>
internal sealed record Pointer
{
    public string Schema { get; init; } = "pipeline.pointer/1";

    /// <summary>The id of the record or failure; of a manifest, its list's.</summary>
    public required string Id { get; init; }

    /// <summary>The blob's address, without any credential.</summary>
    public required string Uri { get; init; }

    /// <summary>Its stored size.</summary>
    public required long Bytes { get; init; }

    /// <summary>Lower-case hex SHA-256 of the stored bytes.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>The JSON of claims and pointers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Claim))]
[JsonSerializable(typeof(Pointer))]
internal sealed partial class AzureJson : JsonSerializerContext
{
    public static AzureJson Plain => _plain ??= new(new JsonSerializerOptions(Default.Options) { Encoder = MinimalJsonEncoder.Instance });

    private static AzureJson? _plain;
}
