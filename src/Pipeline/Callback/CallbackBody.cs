using System.Text.Json;
using Pipeline.Nimble;

namespace Pipeline.Callback;

/// <summary>
/// Reads the task ids out of a webhook's body. The body is a hint without authority: nothing else in it is looked at, and its forms vary
/// (<c>{status, task}</c>, <c>{task}</c>, the bare task; per task or per batch is not documented).
/// </summary>
internal static class CallbackBody
{
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 32 };

    /// <summary>The well-formed task ids of a body, without repeats; null when the body is not a webhook at all.</summary>
    public static IReadOnlyCollection<string>? ReadTaskIds(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Limits);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static HashSet<string>? Read(JsonElement root)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var recognised = false;
        if (root.TryGetProperty("task", out var task))
            recognised |= Take(task, ids);
        foreach (var name in (ReadOnlySpan<string>)["tasks", "batch"])
        {
            if (!root.TryGetProperty(name, out var value))
                continue;
            var tasks = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("tasks", out var inner) ? inner : value;
            recognised |= value.ValueKind is JsonValueKind.Object or JsonValueKind.Array;
            if (tasks.ValueKind == JsonValueKind.Array)
                foreach (var item in tasks.EnumerateArray())
                    Take(item, ids);
        }

        if (!root.TryGetProperty("task", out _) && !root.TryGetProperty("tasks", out _))
            recognised |= Take(root, ids);
        return recognised ? ids : null;
    }

    private static bool Take(JsonElement task, HashSet<string> ids)
    {
        var id = task.ValueKind switch
        {
            JsonValueKind.String => task.GetString(),
            JsonValueKind.Object => StringOf(task, "id") ?? StringOf(task, "task_id"),
            _ => null,
        };
        if (id is null || !TaskIds.IsWellFormed(id))
            return false;
        ids.Add(id);
        return true;
    }

    private static string? StringOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
