using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Stores;

/// <summary>The JSON in which ledgers keep the shared pause.</summary>
internal static class PauseText
{
    /// <summary>Returns the JSON of a pause, without its version.</summary>
    public static string Write(SharedPause pause) => JsonSerializer.Serialize(pause, PauseJson.Default.SharedPause);

    /// <summary>Reads a pause; none if the JSON is unreadable, such as that of another version.</summary>
    public static SharedPause Read(string? json, string? version)
    {
        try
        {
            var read = json is null ? null : JsonSerializer.Deserialize(json, PauseJson.Default.SharedPause);
            return (read ?? SharedPause.None) with { Version = version };
        }
        catch (JsonException)
        {
            return SharedPause.None with { Version = version };
        }
    }
}

[JsonSerializable(typeof(SharedPause))]
internal sealed partial class PauseJson : JsonSerializerContext;
