namespace Pipeline.Dashboard.Pages.Views.Parts;

/// <summary>Counts by name, in one or more columns.</summary>
/// <param name="Id">Id of the heading.</param>
/// <param name="Title">The heading.</param>
/// <param name="First">What stands in the first column.</param>
/// <param name="Empty">What to say if there is none.</param>
/// <param name="Columns">The columns; each name is a heading.</param>
internal sealed record CountsModel(
    string Id, string Title, string First, string Empty,
    params IReadOnlyList<(string Name, IReadOnlyDictionary<string, long> Counts)> Columns)
{
    /// <summary>The rows, by name.</summary>
    public IEnumerable<string> Rows =>
        Columns.SelectMany(column => column.Counts.Keys).Distinct().Order(StringComparer.Ordinal);

    /// <summary>Names a row, for people.</summary>
    public Func<string, string> Describe { get; init; } = Show.Word;

    /// <summary>What the counts say is wrong; null for nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>Records by class of HTTP status.</summary>
    public static CountsModel OfOutcomes(
        string empty, params IReadOnlyList<(string Name, IReadOnlyDictionary<string, long> Counts)> columns) =>
        new("outcomes", "Records by HTTP status", "Status", empty, columns)
        {
            Describe = name => name == "none" ? "without status" : name,
        };

    /// <summary>Results by who reported them.</summary>
    public static CountsModel OfDiscovery(
        string? warning, params IReadOnlyList<(string Name, IReadOnlyDictionary<string, long> Counts)> columns) =>
        new("discovery", "How results were reported", "By", "No result was reported yet.",
            [.. columns.Select(column => (column.Name, Without(column.Counts, "none")))])
        {
            Warning = warning,
            Describe = by => by switch
            {
                "webhook" => "Webhook",
                "sweep" => "Sweep asked the API",
                "listing" => "Sweep found the object in the bucket",
                _ => by,
            },
        };

    private static IReadOnlyDictionary<string, long> Without(IReadOnlyDictionary<string, long> counts, string name) =>
        counts.Where(count => count.Key != name).ToDictionary();
}
