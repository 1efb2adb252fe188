using System.Buffers;

namespace Pipeline.Model;

/// <summary>
/// Validates ids of tasks and batches. They become parts of object keys, ledger rows and URL paths, so characters with
/// a meaning there are not allowed. Nimble's documentation promises UUIDs and shows <c>task-001-uuid</c>; other ids
/// (ULIDs, numbers, base64url, dotted ones) are accepted too.
/// </summary>
internal static class TaskIds
{
    public const int MaxLength = 128;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>
    /// Whether the id matches <c>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}</c>, optionally with base64 padding at the end,
    /// without two consecutive dots and without a dot at the end.
    /// </summary>
    public static bool IsWellFormed(string? id)
    {
        if (id is not { Length: > 0 and <= MaxLength } || id[0] == '.' || id[^1] == '.'
            || id.Contains("..", StringComparison.Ordinal))
            return false;
        var text = id.AsSpan().TrimEnd('=');
        return text.Length > 0 && id.Length - text.Length <= 2 && !text.ContainsAnyExcept(Allowed);
    }
}
