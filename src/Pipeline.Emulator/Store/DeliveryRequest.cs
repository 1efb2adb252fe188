using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Store;

/// <summary>Where results go, in which shape, and who is told, as the POST said it.</summary>
internal sealed record DeliveryRequest
{
    /// <summary>The names of these fields on the wire.</summary>
    public static readonly IReadOnlySet<string> Fields = new HashSet<string> { "storage_type", "storage_url", "storage_compress", "storage_object_name", "callback_url" };

    public string? StorageType { get; init; }

    public string? StorageUrl { get; init; }

    public bool? StorageCompress { get; init; }

    public string? StorageObjectName { get; init; }

    public string? CallbackUrl { get; init; }

    /// <summary>Whether the POST came to <c>/v2</c>: its results then have the shapes of the vendor's current SDK. Stored, never repeated.</summary>
    public bool? IsV2 { get; init; }

    /// <summary>What a task repeats of it.</summary>
    public string ToEcho() => (this with { IsV2 = null }).ToText();

    /// <summary>The stored form.</summary>
    public string ToText() => JsonSerializer.Serialize(this, DeliveryJson.Default.DeliveryRequest);

    /// <summary>Reads the stored form.</summary>
    public static DeliveryRequest FromText(string text) => JsonSerializer.Deserialize(text, DeliveryJson.Default.DeliveryRequest)!;
}

/// <summary>JSON of delivery fields.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeliveryRequest))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
