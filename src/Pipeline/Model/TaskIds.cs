using System.Buffers;

namespace Pipeline.Model;

/// <summary>
/// Ids of tasks and batches. They become parts of object keys, rows and URL paths, so only what cannot mean anything there passes. The
/// documents promise UUIDs and show <c>task-001-uuid</c>; other ids (ULIDs, numbers, base64url, dotted ones) pass too.
/// </summary>
internal static class TaskIds
{
    public const int MaxLength = 128;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>
    /// Whether the id is <c>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}</c>, perhaps with base64's padding at its end, without two dots in a
    /// row and without one at its end.
    /// </summary>
    public static bool IsWellFormed(string? id)
    {
        if (id is not { Length: > 0 and <= MaxLength } || id[0] == '.' || id[^1] == '.' || id.Contains("..", StringComparison.Ordinal))
            return false;
        var text = id.AsSpan().TrimEnd('=');
        return text.Length > 0 && id.Length - text.Length <= 2 && !text.ContainsAnyExcept(s_allowed);
    }
}
