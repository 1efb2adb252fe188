using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Store;

/// <summary>Where results go and who is told, as the POST said it.</summary>
internal sealed record DeliveryRequest
{
    /// <summary>The names of these fields on the wire.</summary>
    public static readonly IReadOnlySet<string> Fields = new HashSet<string> { "storage_type", "storage_url", "storage_compress", "storage_object_name", "callback_url" };

    public string? StorageType { get; init; }

    public string? StorageUrl { get; init; }

    public bool? StorageCompress { get; init; }

    public string? StorageObjectName { get; init; }

    public string? CallbackUrl { get; init; }

    /// <summary>The stored form, which is also what a task repeats of it.</summary>
    public string ToText() => JsonSerializer.Serialize(this, DeliveryJson.Default.DeliveryRequest);

    /// <summary>Reads the stored form.</summary>
    public static DeliveryRequest FromText(string text) => JsonSerializer.Deserialize(text, DeliveryJson.Default.DeliveryRequest)!;
}

/// <summary>JSON of delivery fields.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeliveryRequest))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
