using System.Buffers;
using System.Text.Json;

namespace Pipeline.Json;

/// <summary>
/// The batch fields for storage and callbacks. The pipeline sets them itself for every submission.
/// </summary>
internal static class DeliveryFields
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "storage_type",
        "storage_url",
        "storage_compress",
        "storage_object_name",
        "callback_url",
    };

    /// <summary>Whether a field is a delivery field.</summary>
    public static bool Contains(string name) => Names.Contains(name);

    /// <summary>Whether a field is a delivery field.</summary>
    public static bool Contains(JsonProperty field)
    {
        foreach (var name in Names)
            if (field.NameEquals(name))
                return true;
        return false;
    }

    /// <summary>Names of the delivery fields in an object, in its order.</summary>
    public static IReadOnlyList<string> In(JsonElement value) =>
        [.. value.EnumerateObject().Select(p => p.Name).Where(Contains)];

    /// <summary>Returns the object without the named fields, as UTF-8.</summary>
    public static byte[] Without(JsonElement value, IReadOnlyCollection<string> names)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, CanonicalJson.Options))
        {
            writer.WriteStartObject();
            foreach (var property in value.EnumerateObject().Where(p => !names.Contains(p.Name)))
                property.WriteTo(writer);
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
