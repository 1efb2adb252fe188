using System.Text.Json;

namespace Pipeline.Emulator.Hostile;

/// <summary>
/// Tells the inputs that hostile faults concern, so that an honest list can run beside a hostile one on one emulator.
/// </summary>
internal static class HostileMark
{
    /// <summary>What a URL has in its host or its query to be marked.</summary>
    public const string Word = "hostile";

    /// <summary>Whether an input is marked.</summary>
    /// <param name="input">The extraction fields of a task, a JSON object with <c>url</c>.</param>
    public static bool IsOn(string input)
    {
        using var document = JsonDocument.Parse(input);
        return Uri.TryCreate(document.RootElement.GetProperty("url").GetString(), UriKind.Absolute, out var url)
            && (url.Host.Contains(Word, StringComparison.OrdinalIgnoreCase)
                || url.Query.Contains(Word, StringComparison.OrdinalIgnoreCase));
    }
}
