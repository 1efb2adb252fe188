using Pipeline.Model;

namespace Pipeline.Delivery;

/// <summary>
/// The names that Nimble gives objects: <c>{task_id}.json</c>, or <c>{task_id}.json.gz</c> if compressed.
/// </summary>
internal static class ObjectNames
{
    private const string Plain = ".json";
    private const string Compressed = ".json.gz";

    /// <summary>The task id in an object's name; null if the object is not a result.</summary>
    public static string? TaskIdOf(ObjectUri uri)
    {
        var name = uri.Key[(uri.Key.LastIndexOf('/') + 1)..];
        var extension = name.EndsWith(Compressed, StringComparison.Ordinal) ? Compressed : Plain;
        return name.EndsWith(extension, StringComparison.Ordinal) && TaskIds.IsWellFormed(name[..^extension.Length])
            ? name[..^extension.Length]
            : null;
    }

    /// <summary>The address of a task's object under a submission's prefix.</summary>
    public static ObjectUri For(ObjectUri prefix, string taskId, bool compressed) =>
        prefix.Append(taskId + (compressed ? Compressed : Plain));
}
