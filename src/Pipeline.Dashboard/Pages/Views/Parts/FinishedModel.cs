using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Views.Parts;

/// <summary>Closed lists.</summary>
/// <param name="Lists">The lists, the latest first.</param>
/// <param name="Next">The path of the next page; null if this is the last one.</param>
/// <param name="All">The path of the page with all of them; null on that page.</param>
internal sealed record FinishedModel(IReadOnlyList<FinishedList> Lists, string? Next, string? All);
