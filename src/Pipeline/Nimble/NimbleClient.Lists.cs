using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Http;
using Pipeline.Nimble.Replies;

namespace Pipeline.Nimble;

/// <content>Reads the API's lists, page by page.</content>
internal sealed partial class NimbleClient
{
    private async IAsyncEnumerable<NimbleList<T>> ListAsync<T>(
        string path, Func<JsonElement, T?> read, [EnumeratorCancellation] CancellationToken cancellationToken,
        int pageSize = PageSize)
        where T : class
    {
        var guard = new PageGuard($"Nimble's {path}", time);
        var began = time.GetTimestamp();
        string? cursor = null;
        do
        {
            var query = $"{path}?limit={pageSize}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            if (await guard.FetchAsync(() => GetPageAsync(query, path, read, cancellationToken))
                is not var (page, next))
                yield break;
            yield return page;

            cursor = next;
            if (cursor is not null)
                guard.Next(cursor);
        }
        // A search for evidence has other sources; the unread part of the list leaves a doubt.
        while (cursor is not null && time.GetElapsedTime(began) < LongestListing);
    }

    /// <summary>Reads a page and the cursor of the next one; null if the API has no such list.</summary>
    private async Task<Tuple<NimbleList<T>, string?>?> GetPageAsync<T>(
        string query, string asker, Func<JsonElement, T?> read, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await GetAsync(query, asker, cancellationToken, isList: true);
        return response is null
            ? null
            : await ReadAsync(response, MaxBatchBytes, json => ReadPage(json, read), cancellationToken);
    }

    private static Tuple<NimbleList<T>, string?>? ReadPage<T>(JsonElement json, Func<JsonElement, T?> read)
        where T : class
    {
        if (NimblePage.Read(json) is not { } page)
            return null;
        var items = page.Items.Take(MaxItemsOfAPage).Select(read).OfType<T>().ToList();
        return Tuple.Create(
            new NimbleList<T>(items, HasGaps: items.Count < page.Items.Count, page.IsLast), page.NextCursor);
    }
}
