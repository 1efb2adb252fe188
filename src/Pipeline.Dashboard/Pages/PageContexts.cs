using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Pages;

/// <summary>Makes what every view needs to know of a request.</summary>
internal sealed class PageContexts(
    DashboardPlace place, DashboardAccess access, OverviewReporter overview, TimeProvider time)
{
    /// <summary>For a reader who may see everything.</summary>
    public PageContext ForReader(HttpContext context) =>
        new(place, time.GetUtcNow(), overview.Source, !access.IsReadOnly, access.FormToken(context))
        {
            IsSignedIn = access.HasKey,
        };

    /// <summary>For somebody who may see nothing yet.</summary>
    public PageContext ForStranger(HttpContext context) =>
        new(place, time.GetUtcNow(), null, false, access.FormToken(context));
}
