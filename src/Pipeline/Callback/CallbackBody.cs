using System.Text.Json;
using Pipeline.Json;
using Pipeline.Nimble.Replies;
using Pipeline.Notation;

namespace Pipeline.Callback;

/// <summary>
/// Reads the task ids from a webhook's body. The body is only a hint, so nothing else in it is used. Its form varies:
/// <c>{status, task}</c>, <c>{task}</c>, the bare task, any of these in the wrappers of the API's answers, or an array
/// of those. Nimble does not document whether it calls per task or per batch.
/// </summary>
internal static class CallbackBody
{
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 32 };

    /// <summary>
    /// Returns the well-formed task ids of a body, without duplicates; null if the body is not a webhook's.
    /// </summary>
    /// <param name="body">JSON in UTF-8, with or without a byte order mark.</param>
    public static IReadOnlyCollection<string>? ReadTaskIds(ReadOnlyMemory<byte> body)
    {
        try
        {
            var json = body.Span.StartsWith(ByteOrderMark.Utf8) ? body.Span[ByteOrderMark.Utf8.Length..] : body.Span;
            var ids = new HashSet<string>(StringComparer.Ordinal);
            return Read(JsonElement.Parse(JsonTextRepair.Repair(json), Limits), ids) ? ids : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Adds the ids of one webhook, or of an array of webhooks.</summary>
    /// <returns>Whether the value has the form of a webhook.</returns>
    private static bool Read(JsonElement root, HashSet<string> ids)
    {
        if (root.ValueKind != JsonValueKind.Array)
            return root.ValueKind == JsonValueKind.Object && ReadWebhook(root, ids);
        var isWebhook = false;
        foreach (var item in root.EnumerateArray())
            isWebhook |= item.ValueKind == JsonValueKind.Object && ReadWebhook(item, ids);
        return isWebhook;
    }

    private static bool ReadWebhook(JsonElement root, HashSet<string> ids)
    {
        // As in the API's answers, the subject may be wrapped: {"data":{"task":{...}}}.
        root = NimbleJson.Unwrap(root, "task");
        var task = NimbleJson.Member(root, "task");
        var isWebhook = task is { } single && AddId(single, ids);
        foreach (var name in (ReadOnlySpan<string>)["tasks", "batch"])
        {
            if (NimbleJson.Member(root, name) is not { ValueKind: JsonValueKind.Object or JsonValueKind.Array } value)
                continue;
            isWebhook = true;
            if ((NimbleJson.Member(value, "tasks") ?? value) is { ValueKind: JsonValueKind.Array } tasks)
                foreach (var item in tasks.EnumerateArray())
                    AddId(item, ids);
        }

        // In an object with tasks, the object's own id is the batch id.
        if (task is null && NimbleJson.Member(root, "tasks") is null)
            isWebhook |= AddId(root, ids);
        return isWebhook;
    }

    private static bool AddId(JsonElement task, HashSet<string> ids)
    {
        if (NimbleJson.TaskIdOf(task) is not { } id)
            return false;
        ids.Add(id);
        return true;
    }
}
