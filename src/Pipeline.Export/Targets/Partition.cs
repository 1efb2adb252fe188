using System.Globalization;

namespace Pipeline.Export.Targets;

/// <summary>A part of a table that has a folder of its own, as Hive, Spark and DuckDB name them.</summary>
/// <param name="Date">The day on which the list was closed, UTC; null where that is no part of the name.</param>
/// <param name="List">The list; null where that is no part of the name.</param>
internal readonly record struct Partition(string? Date, string? List)
{
    // Hive's name for no value: the list is not closed yet.
    private const string NoDate = "__HIVE_DEFAULT_PARTITION__";

    /// <summary>The whole table.</summary>
    public static readonly Partition None = new(null, null);

    /// <summary>The name of a day.</summary>
    public static string NameOf(DateTimeOffset? closedAt) =>
        closedAt?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? NoDate;

    /// <summary>The folder, such as <c>dt=2026-03-19/list=9a41</c>; empty for the whole table.</summary>
    public string Folder => string.Join(
        '/', new[] { Date is null ? null : $"dt={Date}", List is null ? null : $"list={List}" }.OfType<string>());
}
