using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Views;

/// <summary>What every view needs to know of the request that it answers.</summary>
/// <param name="Place">Where the pages are served.</param>
/// <param name="Now">The time, UTC.</param>
/// <param name="Source">Whose results are shown; null for a caller who may not know.</param>
/// <param name="CanAct">Whether the reader may act: controls are shown.</param>
/// <param name="FormToken">The token that every form carries.</param>
internal sealed record PageContext(
    DashboardPlace Place, DateTimeOffset Now, SourceReport? Source, bool CanAct, string FormToken)
{
    /// <summary>Whether the reader gave the key, and so can sign out.</summary>
    public bool IsSignedIn { get; init; }

    /// <summary>The path of a page; each segment is encoded.</summary>
    public string To(params IEnumerable<string> segments) =>
        Place.BasePath + string.Join('/', segments.Select(Uri.EscapeDataString));

    /// <summary>The path of a page with a query; members without a value are left out.</summary>
    public string To(IEnumerable<string> segments, params IEnumerable<(string Name, string? Value)> query)
    {
        var given = query.Where(member => !string.IsNullOrEmpty(member.Value))
            .Select(member => $"{member.Name}={Uri.EscapeDataString(member.Value!)}");
        var text = string.Join('&', given);
        return text.Length == 0 ? To(segments) : $"{To(segments)}?{text}";
    }

    /// <summary>The path of a list's page.</summary>
    public string ToList(string listId, params IEnumerable<string> below) => To(["lists", listId, .. below]);
}
