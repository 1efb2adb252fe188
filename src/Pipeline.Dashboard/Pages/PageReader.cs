using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Lists;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages;

/// <summary>Shows the pages that only read.</summary>
internal sealed class PageReader(OverviewReporter overview, ListPages lists, PageActions actions)
{
    /// <summary>Shows a page.</summary>
    /// <returns>Null if there is none at this path.</returns>
    public async Task<IResult?> ShowAsync(HttpContext context, PageContext page, string[] segments) => segments switch
    {
        [] => new PageResult(
            page, "Overview", OverviewPage.Create().With(page, await overview.ReportAsync(context.RequestAborted)))
        {
            Section = "overview",
            IsLive = true,
        },
        ["lists"] => await lists.ShowAllAsync(context, page),
        ["lists", var id] => await lists.ShowAsync(context, page, id),
        ["lists", var id, "failures"] => await lists.ShowInputsAsync(context, page, id, InputState.Failed),
        ["lists", var id, "pending"] => await lists.ShowInputsAsync(context, page, id, InputState.Waiting),
        ["lists", var id, "manifest"] => await lists.ShowManifestAsync(context, id),
        ["lists", var id, var verb] => await actions.AskAsync(context, page, id, verb),
        _ => null,
    };
}
