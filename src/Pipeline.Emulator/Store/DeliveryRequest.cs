using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Store;

/// <summary>Where results go and who is told, as the POST said it.</summary>
internal sealed record DeliveryRequest
{
    /// <summary>The names of these fields on the wire.</summary>
    public static readonly IReadOnlySet<string> Fields = new HashSet<string> { "storage_type", "storage_url", "storage_compress", "storage_object_name", "callback_url" };

    // Rows that are read one after the other are mostly of one post.
    private static volatile Tuple<string, DeliveryRequest>? s_last;

    public string? StorageType { get; init; }

    public string? StorageUrl { get; init; }

    public bool? StorageCompress { get; init; }

    public string? StorageObjectName { get; init; }

    public string? CallbackUrl { get; init; }

    /// <summary>The stored form, which is also what a task repeats of it.</summary>
    public string ToText() => JsonSerializer.Serialize(this, DeliveryJson.Default.DeliveryRequest);

    /// <summary>Reads the stored form.</summary>
    public static DeliveryRequest FromText(string text)
    {
        if (s_last is { } last && last.Item1 == text)
            return last.Item2;
        var request = JsonSerializer.Deserialize(text, DeliveryJson.Default.DeliveryRequest)!;
        s_last = new(text, request);
        return request;
    }
}

/// <summary>JSON of delivery fields.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeliveryRequest))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
