using Microsoft.AspNetCore.Routing;
using Pipeline.Dashboard.Api;
using Pipeline.Dashboard.Pages;

namespace Pipeline.Dashboard;

/// <summary>The HTTP API and the web pages that all hosts share.</summary>
internal static class DashboardEndpoints
{
    /// <summary>Maps the API below <c>/api</c>, and the pages.</summary>
    public static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder app)
    {
        app.MapApi();
        app.MapPages();
        return app;
    }
}
