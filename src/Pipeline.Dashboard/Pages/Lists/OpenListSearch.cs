using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Dashboard.Pages.Lists;

/// <summary>Finds open lists by a filter.</summary>
internal sealed class OpenListSearch(IListCatalog catalog)
{
    private const int MaxSearched = 1000;

    /// <summary>Reads a page.</summary>
    /// <param name="filter">Which lists.</param>
    /// <param name="after">The id after which to begin; empty for the first page.</param>
    /// <param name="max">Maximum number of lists.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>The lists by id, and where the next page begins; null if there is none.</returns>
    public async Task<(IReadOnlyList<ListEntry> Lists, string? Next)> ReadAsync(
        ListFilter filter, string after, int max, CancellationToken cancellationToken)
    {
        var read = filter.TakesAll ? max + 1 : MaxSearched;
        var found = await catalog.GetOpenPageAsync(after, read, cancellationToken);
        var lists = found.Where(filter.Takes).Take(max + 1).ToList();
        return lists.Count > max ? (lists[..max], lists[max - 1].ListId)
            : (lists, found.Count == read && found.Count > 0 ? found[^1].ListId : null);
    }

    /// <summary>Reads the ids of all lists that a filter takes.</summary>
    public async Task<IReadOnlyList<string>> ReadAllAsync(ListFilter filter, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        string? next = "";
        while (next is not null)
        {
            (var lists, next) = await ReadAsync(filter, next, MaxSearched, cancellationToken);
            ids.AddRange(lists.Select(list => list.ListId));
        }
        return ids;
    }
}
