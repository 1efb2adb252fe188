using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Acting;

/// <summary>Which failures of a list an action is about: selected ones, those of a filter, or all.</summary>
/// <param name="Ids">Ids of selected inputs; empty for those of the filter.</param>
/// <param name="Filter">The filter.</param>
/// <param name="IsEmpty">Whether it was to be of selected inputs, and none is.</param>
internal sealed record Selection(IReadOnlySet<string> Ids, RowFilter Filter, bool IsEmpty)
{
    /// <summary>Reads it from a form.</summary>
    public static Selection Read(IFormCollection form) =>
        new(Set(form["row"]), new(InputState.Failed, Given(form["reason"]), Given(form["domain"])),
            form["only"] == "selected" && form["row"].Count == 0);

    /// <summary>Reads it from a query, which has no selected inputs.</summary>
    public static Selection Read(IQueryCollection query) =>
        new(Set([]), new(InputState.Failed, Given(query["reason"]), Given(query["domain"])), false);

    /// <summary>Whether an input is selected.</summary>
    public bool Takes(InputEntry input) => Ids.Count > 0 ? Ids.Contains(input.Id) : Filter.Takes(input);

    /// <summary>The fields of a form that selects the same.</summary>
    public IReadOnlyList<(string Name, string? Value)> Fields =>
    [
        .. Ids.Select(id => ("row", (string?)id)), ("reason", Filter.Reason), ("domain", Filter.Domain),
    ];

    private static HashSet<string> Set(StringValues ids) => ids.OfType<string>().ToHashSet(StringComparer.Ordinal);

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
