using System.Text.Json;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>The fields of an input that the emulator uses.</summary>
internal sealed record TaskInput(
    string Url, IReadOnlySet<string> Formats, bool Parse, string Driver, string? Country, string? Locale, string? Tag)
{
    private static readonly HashSet<string> DefaultFormats = ["html"];

    /// <summary>Whether HTML is the only format asked for.</summary>
    public bool IsHtmlOnly => !Parse && Formats.Count == 1 && Formats.Contains("html");

    public static TaskInput Of(TaskRow task)
    {
        using var document = JsonDocument.Parse(task.Input);
        var fields = document.RootElement;
        string? Text(string name) => fields.TryGetProperty(name, out var value) ? value.GetString() : null;
        var formats = fields.TryGetProperty("formats", out var list) && list.GetArrayLength() > 0
            ? list.EnumerateArray().Select(f => f.GetString()!).ToHashSet()
            : DefaultFormats;
        var parse = fields.TryGetProperty("parse", out var flag) && flag.GetBoolean();
        return new(Text("url")!, formats, parse, Text("driver") ?? "vx6", Text("country"), Text("locale"), Text("tag"));
    }
}
