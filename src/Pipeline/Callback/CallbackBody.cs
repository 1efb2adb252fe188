using System.Text.Json;
using Pipeline.Nimble;

namespace Pipeline.Callback;

/// <summary>
/// Reads the task ids out of a webhook's body. The body is a hint without authority: nothing else in it is looked at, and its forms vary
/// (<c>{status, task}</c>, <c>{task}</c>, the bare task, or an array of those; per task or per batch is not documented).
/// </summary>
internal static class CallbackBody
{
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 32 };

    /// <summary>The well-formed task ids of a body, without repeats; null when the body is not a webhook at all.</summary>
    /// <param name="body">JSON in UTF-8, with or without a byte order mark.</param>
    public static IReadOnlyCollection<string>? ReadTaskIds(ReadOnlyMemory<byte> body)
    {
        try
        {
            var json = body.Span.StartsWith("\uFEFF"u8) ? body.Span[3..] : body.Span;
            var ids = new HashSet<string>(StringComparer.Ordinal);
            return Read(JsonElement.Parse(JsonTextRepair.Repair(json), Limits), ids) ? ids : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Takes the ids of one webhook, or of an array of them.</summary>
    /// <returns>Whether it has the form of one.</returns>
    private static bool Read(JsonElement root, HashSet<string> ids)
    {
        if (root.ValueKind != JsonValueKind.Array)
            return root.ValueKind == JsonValueKind.Object && ReadOne(root, ids);
        var recognised = false;
        foreach (var item in root.EnumerateArray())
            recognised |= item.ValueKind == JsonValueKind.Object && ReadOne(item, ids);
        return recognised;
    }

    private static bool ReadOne(JsonElement root, HashSet<string> ids)
    {
        var task = NimbleJson.Member(root, "task");
        var recognised = task is { } one && Take(one, ids);
        foreach (var name in (ReadOnlySpan<string>)["tasks", "batch"])
        {
            if (NimbleJson.Member(root, name) is not { ValueKind: JsonValueKind.Object or JsonValueKind.Array } value)
                continue;
            recognised = true;
            if ((NimbleJson.Member(value, "tasks") ?? value) is { ValueKind: JsonValueKind.Array } tasks)
                foreach (var item in tasks.EnumerateArray())
                    Take(item, ids);
        }

        // Beside tasks, the object's own id is the batch's.
        if (task is null && NimbleJson.Member(root, "tasks") is null)
            recognised |= Take(root, ids);
        return recognised;
    }

    private static bool Take(JsonElement task, HashSet<string> ids)
    {
        var id = task.ValueKind switch
        {
            JsonValueKind.String => NimbleJson.SafeString(task),
            JsonValueKind.Object => StringOf(task, "id") ?? StringOf(task, "task_id"),
            _ => null,
        };
        if (id is null || !TaskIds.IsWellFormed(id))
            return false;
        ids.Add(id);
        return true;
    }

    private static string? StringOf(JsonElement element, string name) =>
        NimbleJson.Member(element, name) is { ValueKind: JsonValueKind.String } value ? NimbleJson.SafeString(value) : null;
}
