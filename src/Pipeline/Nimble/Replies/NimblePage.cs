using System.Text.Json;

namespace Pipeline.Nimble.Replies;

/// <summary>One page of a list.</summary>
/// <param name="Items">The items of the page.</param>
/// <param name="NextCursor">Cursor of the next page; null on the last.</param>
/// <param name="IsLast">
/// Whether the API says that nothing follows. Without this and without a cursor, the page may not be the last.
/// </param>
internal sealed record NimblePage(IReadOnlyList<JsonElement> Items, string? NextCursor, bool IsLast)
{
    /// <summary>
    /// Reads a page; null if the reply is not a page, or says that more follows but gives no cursor.
    /// </summary>
    public static NimblePage? Read(JsonElement json)
    {
        json = NimbleJson.Unwrap(json, "response");
        if (NimbleJson.Member(json, "data") is not { ValueKind: JsonValueKind.Array } data)
            return null;
        var pagination = NimbleJson.Member(json, "pagination") ?? default;
        var hasNext = NimbleJson.Member(pagination, "has_next") is null
            ? (bool?)null
            : NimbleJson.Truth(pagination, "has_next");
        var cursor = NimbleJson.Text(pagination, "next_cursor") is { Length: > 0 } text ? text : null;
        return hasNext == true && cursor is null
            ? null
            : new([.. data.EnumerateArray()], hasNext == false ? null : cursor, hasNext == false);
    }
}

/// <summary>The readable part of one page of a list.</summary>
/// <param name="Items">The readable items.</param>
/// <param name="HasGaps">Whether other items were unreadable.</param>
/// <param name="IsLast">Whether the API says that the list ends here.</param>
internal sealed record NimbleList<T>(IReadOnlyList<T> Items, bool HasGaps, bool IsLast);
