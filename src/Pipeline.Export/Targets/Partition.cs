using System.Globalization;
using Pipeline.Intake;

namespace Pipeline.Export.Targets;

/// <summary>A part of a table that has a folder of its own, as Hive, Spark and DuckDB name them.</summary>
/// <param name="Date">The day on which the list was closed, UTC; null where that is no part of the name.</param>
/// <param name="List">The list; null where that is no part of the name.</param>
internal readonly record struct Partition(string? Date, string? List)
{
    // Hive's name for no value.
    private const string NoValue = "__HIVE_DEFAULT_PARTITION__";

    /// <summary>The whole table.</summary>
    public static readonly Partition None = new(null, null);

    /// <summary>The name of a day; that of no value while a list is not closed.</summary>
    public static string NameOf(DateTimeOffset? closedAt) =>
        closedAt?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? NoValue;

    /// <summary>
    /// The name of a list; that of no value if a folder that somebody sent has something else in its place, such as a
    /// path.
    /// </summary>
    public static string NameOf(string listId) => ListIds.IsValid(listId) ? listId : NoValue;

    /// <summary>The folder, such as <c>dt=2026-03-19/list=9a41</c>; empty for the whole table.</summary>
    public string Folder => string.Join(
        '/', new[] { Date is null ? null : $"dt={Date}", List is null ? null : $"list={List}" }.OfType<string>());
}
