using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api;

/// <summary>The HTTP API.</summary>
internal static class ApiEndpoints
{
    /// <summary>Maps the API below <c>/api</c>.</summary>
    public static void MapApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api");
        api.MapGet("/status", async (OverviewReporter overview, CancellationToken cancellationToken) =>
            TypedResults.Json(await overview.ReportAsync(cancellationToken), ApiJson.Default.Overview));
    }
}
