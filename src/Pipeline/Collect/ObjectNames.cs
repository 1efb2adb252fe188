using Pipeline.Nimble;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>The names Nimble gives objects: <c>{task_id}.json</c>, or <c>.json.gz</c> when compressed.</summary>
internal static class ObjectNames
{
    /// <summary>The task id in an object's name; null when the object is something else.</summary>
    public static string? TaskIdOf(ObjectUri uri)
    {
        var name = uri.Key[(uri.Key.LastIndexOf('/') + 1)..];
        var end = name.IndexOf('.', StringComparison.Ordinal);
        return end > 0 && name[end..] is ".json" or ".json.gz" && TaskIds.IsWellFormed(name[..end]) ? name[..end] : null;
    }

    /// <summary>The object of a task under a submission's prefix.</summary>
    public static ObjectUri For(ObjectUri prefix, string taskId, bool compressed) => prefix.Append(compressed ? $"{taskId}.json.gz" : $"{taskId}.json");
}
