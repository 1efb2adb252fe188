using System.Buffers;

namespace Pipeline.Nimble;

/// <summary>
/// Ids of tasks and batches. They become parts of object keys and URL paths, so only what cannot mean anything there passes: the documents promise
/// UUIDs and show <c>task-001-uuid</c>.
/// </summary>
internal static class TaskIds
{
    public const int MaxLength = 128;

    private static readonly SearchValues<char> s_allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>Whether the id is <c>[A-Za-z0-9][A-Za-z0-9_-]{0,127}</c>.</summary>
    public static bool IsWellFormed(string? id) =>
        id is { Length: > 0 and <= MaxLength } && char.IsAsciiLetterOrDigit(id[0]) && !id.AsSpan().ContainsAnyExcept(s_allowed);
}
