using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages;

/// <summary>Shows the pages that only read.</summary>
internal sealed class PageReader(OverviewReporter overview)
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
        _ => null,
    };
}
