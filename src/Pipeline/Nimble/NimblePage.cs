using System.Text.Json;

namespace Pipeline.Nimble;

/// <summary>One page of a list.</summary>
/// <param name="Items">What is on it.</param>
/// <param name="NextCursor">Where the next one starts; null on the last.</param>
/// <param name="IsLast">Whether the API itself says that nothing follows. Without a cursor there is no next page either, but then nobody knows what is missing.</param>
internal sealed record NimblePage(IReadOnlyList<JsonElement> Items, string? NextCursor, bool IsLast)
{
    /// <summary>The page; null where it is not one, or says that more follows without saying where.</summary>
    public static NimblePage? Read(JsonElement json)
    {
        json = NimbleJson.Unwrap(json, "response");
        if (NimbleJson.Member(json, "data") is not { ValueKind: JsonValueKind.Array } data)
            return null;
        var pagination = NimbleJson.Member(json, "pagination") ?? default;
        var hasNext = NimbleJson.Member(pagination, "has_next") is null ? (bool?)null : NimbleJson.Truth(pagination, "has_next");
        var cursor = NimbleJson.Text(pagination, "next_cursor") is { Length: > 0 } text ? text : null;
        return hasNext == true && cursor is null ? null : new([.. data.EnumerateArray()], hasNext == false ? null : cursor, hasNext == false);
    }
}

/// <summary>What could be read of one page of a list.</summary>
/// <param name="Items">What could be read.</param>
/// <param name="HasGaps">Whether anything on it could not.</param>
/// <param name="IsLast">Whether the API says that the list ends here.</param>
internal sealed record NimbleList<T>(IReadOnlyList<T> Items, bool HasGaps, bool IsLast);
