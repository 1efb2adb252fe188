using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Views.Parts;

/// <summary>Failures by reason and domain.</summary>
/// <param name="Part">Name of this part of its page.</param>
/// <param name="Title">The heading.</param>
/// <param name="Groups">The groups, the largest first.</param>
/// <param name="Empty">What to say if there are none.</param>
/// <param name="Totals">
/// Number of all failures by reason, where the groups are those of a sample; null where they are all.
/// </param>
internal sealed record FailureGroupsModel(
    string Part, string Title, IReadOnlyList<FailureGroup> Groups, string Empty,
    IReadOnlyDictionary<string, long>? Totals = null)
{
    private const int MaxLists = 5;

    /// <summary>
    /// The lists with most failures, where the groups are those of a sample: what is not in it is on their pages.
    /// </summary>
    public IReadOnlyList<ListProgress> Lists { get; private init; } = [];

    /// <summary>The same for these open lists.</summary>
    public FailureGroupsModel Of(IEnumerable<ListProgress> lists) => this with
    {
        Lists = [.. lists.Where(list => list.Failures > 0).OrderByDescending(list => list.Failures).Take(MaxLists)],
    };
}
