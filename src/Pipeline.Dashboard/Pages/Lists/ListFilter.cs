using Microsoft.Extensions.Primitives;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Lists;

/// <summary>Which open lists a page shows, or an action is about.</summary>
/// <param name="State"><c>planning</c>, <c>open</c>, <c>paused</c> or <c>cancelling</c>; null for all.</param>
/// <param name="Name">A part of their names or ids; null for all.</param>
internal sealed record ListFilter(string? State, string? Name)
{
    /// <summary>The states of open lists.</summary>
    public static readonly IReadOnlyList<string> States = ["planning", "open", "paused", "cancelling"];

    /// <summary>Whether it takes all lists.</summary>
    public bool TakesAll => State is null && Name is null;

    /// <summary>Reads it from the members of a query or a form.</summary>
    public static ListFilter Read(Func<string, StringValues> member) =>
        new(Given(member("state")), Given(member("name")));

    /// <summary>Whether it takes a list.</summary>
    public bool Takes(ListEntry list) =>
        (State is null || State == ListProgress.WordOf(list))
        && (Name is null || list.ListId.Contains(Name, StringComparison.OrdinalIgnoreCase)
            || list.Source?.Contains(Name, StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>The members of a query or a form that say the same.</summary>
    public IReadOnlyList<(string Name, string? Value)> Fields => [("state", State), ("name", Name)];

    private static string? Given(StringValues text) =>
        string.IsNullOrWhiteSpace(text) ? null : text.ToString().Trim();
}
