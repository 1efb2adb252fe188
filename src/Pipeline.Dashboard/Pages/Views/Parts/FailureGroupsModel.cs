using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Views.Parts;

/// <summary>Failures by reason and domain.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Groups">The groups, the largest first.</param>
/// <param name="Empty">What to say if there are none.</param>
internal sealed record FailureGroupsModel(string Title, IReadOnlyList<FailureGroup> Groups, string Empty);
