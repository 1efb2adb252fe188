using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Stores;

/// <summary>Reads manifests from the JSON that stores keep.</summary>
internal static class ManifestText
{
    /// <summary>Reads a manifest; null if its JSON is unreadable, such as one of another version.</summary>
    public static Manifest? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PipelineJson.Plain.Manifest);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
