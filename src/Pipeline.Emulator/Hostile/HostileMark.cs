using System.Text.Json;

namespace Pipeline.Emulator.Hostile;

/// <summary>
/// Selects the inputs that hostile faults apply to, so that an honest list can run beside a hostile one on one
/// emulator.
/// </summary>
internal static class HostileMark
{
    /// <summary>A URL that contains this word in its host or query is marked.</summary>
    public const string Word = "hostile";

    /// <summary>Whether an input is marked.</summary>
    /// <param name="input">The extraction fields of a task: a JSON object with <c>url</c>.</param>
    public static bool IsOn(string input)
    {
        using var document = JsonDocument.Parse(input);
        return Uri.TryCreate(document.RootElement.GetProperty("url").GetString(), UriKind.Absolute, out var url)
            && (url.Host.Contains(Word, StringComparison.OrdinalIgnoreCase)
                || url.Query.Contains(Word, StringComparison.OrdinalIgnoreCase));
    }
}
