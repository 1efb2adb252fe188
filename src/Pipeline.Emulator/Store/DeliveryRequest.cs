using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Store;

/// <summary>The delivery fields of a POST: where results go, in which form, and which URL to call.</summary>
internal sealed record DeliveryRequest
{
    /// <summary>The JSON names of these fields.</summary>
    public static readonly IReadOnlySet<string> Fields = new HashSet<string>
    {
        "storage_type",
        "storage_url",
        "storage_compress",
        "storage_object_name",
        "callback_url",
    };

    public string? StorageType { get; init; }

    public string? StorageUrl { get; init; }

    public bool? StorageCompress { get; init; }

    public string? StorageObjectName { get; init; }

    public string? CallbackUrl { get; init; }

    /// <summary>
    /// Whether the POST was sent to <c>/v2</c>; its results then have the shapes of the vendor's current SDK. Stored,
    /// but not echoed.
    /// </summary>
    public bool? IsV2 { get; init; }

    /// <summary>The part that a task echoes, as JSON.</summary>
    public string ToEcho() => (this with { IsV2 = null }).ToText();

    /// <summary>The stored form.</summary>
    public string ToText() => JsonSerializer.Serialize(this, DeliveryJson.Default.DeliveryRequest);

    /// <summary>Parses the stored form.</summary>
    public static DeliveryRequest FromText(string text) =>
        JsonSerializer.Deserialize(text, DeliveryJson.Default.DeliveryRequest)!;
}

/// <summary>Source-generated JSON for <see cref="DeliveryRequest"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeliveryRequest))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
