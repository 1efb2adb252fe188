using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Charts;
using Pipeline.Dashboard.Pages.Inputs;
using Pipeline.Dashboard.Pages.Lists;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages;

/// <summary>Shows the pages that only read.</summary>
internal sealed class PageReader(
    OverviewReporter overview, FlowHistory history, ListPages lists, InputViews inputs, ListDownloads downloads,
    PageForms forms)
{
    /// <summary>Shows a page.</summary>
    /// <returns>Null if there is none at this path.</returns>
    public async Task<IResult?> ShowAsync(HttpContext context, PageContext page, string[] segments) => segments switch
    {
        [] => await ShowOverviewAsync(context, page),
        ["lists"] => await lists.ShowAllAsync(context, page),
        ["lists", var id] => await lists.ShowAsync(context, page, id),
        ["lists", var id, "failures"] => await lists.ShowInputsAsync(context, page, id, InputState.Failed),
        ["lists", var id, "pending"] => await lists.ShowInputsAsync(context, page, id, InputState.Waiting),
        ["lists", var id, "manifest"] => await lists.ShowManifestAsync(context, id),
        ["lists", var id, "records.ndjson"] => await downloads.SaveAsync(context, id, InputState.Recorded),
        ["lists", var id, "failures.ndjson"] => await downloads.SaveAsync(context, id, InputState.Failed),
        ["search"] => await inputs.SearchAsync(context, page),
        ["inputs", var id] => await inputs.ShowAsync(context, page, id),
        ["inputs", var id, "content", var view] => await inputs.ShowContentAsync(context, id, view),
        _ => await forms.AskAsync(context, page, segments),
    };

    /// <summary>
    /// Says why there is nothing to show of a list; null for any other page, and for a list that is known.
    /// </summary>
    public async Task<IResult?> ShowAbsentAsync(HttpContext context, PageContext page, string[] segments) =>
        segments is ["lists", var id, ..] ? await lists.ShowAbsentAsync(context, page, id) : null;

    private async Task<PageResult> ShowOverviewAsync(HttpContext context, PageContext page)
    {
        var isDay = context.Request.Query["span"] == "day";
        var points = isDay ? history.Read(96, minutes: 15) : history.Read(60, minutes: 1);
        var now = await overview.ReportAsync(context.RequestAborted);
        var model = new OverviewPageModel(now, new(points, isDay));
        return new(page, "Overview", OverviewPage.Create().With(page, model))
        {
            Section = "overview",
            IsLive = true,
            ReadAt = now.At,
        };
    }
}
