using Pipeline.Dashboard.Charts;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages.Views;

/// <summary>The first page.</summary>
/// <param name="Overview">How everything stands.</param>
/// <param name="Charts">How fast records came.</param>
internal sealed record OverviewPageModel(Overview Overview, FlowChartsModel Charts);
