
using Pipeline.Model;

namespace Pipeline.Delivery;

/// <summary>The names Nimble gives objects: <c>{task_id}.json</c>, or <c>.json.gz</c> when compressed.</summary>
internal static class ObjectNames
{
    private const string Plain = ".json";
    private const string Compressed = ".json.gz";

    /// <summary>The task id in an object's name; null when the object is something else.</summary>
    public static string? TaskIdOf(ObjectUri uri)
    {
        var name = uri.Key[(uri.Key.LastIndexOf('/') + 1)..];
        var extension = name.EndsWith(Compressed, StringComparison.Ordinal) ? Compressed : Plain;
        return name.EndsWith(extension, StringComparison.Ordinal) && TaskIds.IsWellFormed(name[..^extension.Length])
            ? name[..^extension.Length]
            : null;
    }

    /// <summary>The object of a task under a submission's prefix.</summary>
    public static ObjectUri For(ObjectUri prefix, string taskId, bool compressed) =>
        prefix.Append(taskId + (compressed ? Compressed : Plain));
}
