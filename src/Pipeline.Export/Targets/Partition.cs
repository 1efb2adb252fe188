using System.Globalization;
using Pipeline.Intake;

namespace Pipeline.Export.Targets;

/// <summary>A part of a table with a folder of its own, named as in Hive, Spark and DuckDB.</summary>
/// <param name="Date">The day on which the list was closed, UTC; null if it is not part of the name.</param>
/// <param name="List">The list; null if it is not part of the name.</param>
internal readonly record struct Partition(string? Date, string? List)
{
    // Hive's name for no value.
    private const string NoValue = "__HIVE_DEFAULT_PARTITION__";

    /// <summary>The whole table.</summary>
    public static readonly Partition None = new(null, null);

    /// <summary>The name of a day; Hive's name for no value while a list is not closed.</summary>
    public static string NameOf(DateTimeOffset? closedAt) =>
        closedAt?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? NoValue;

    /// <summary>
    /// The name of a list; Hive's name for no value if the text is not a list id, such as a path in a foreign folder.
    /// </summary>
    public static string NameOf(string listId) => ListIds.IsValid(listId) ? listId : NoValue;

    /// <summary>The folder, such as <c>dt=2026-03-19/list=9a41</c>; empty for the whole table.</summary>
    public string Folder => string.Join(
        '/', new[] { Date is null ? null : $"dt={Date}", List is null ? null : $"list={List}" }.OfType<string>());
}
