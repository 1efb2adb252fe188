using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Dashboard.Api;
using Pipeline.Dashboard.Api.Requests;
using Pipeline.Dashboard.Api.Rows;
using Pipeline.Dashboard.Pages;

namespace Pipeline.Dashboard;

/// <summary>The HTTP API and the web pages that all hosts share.</summary>
internal static class DashboardEndpoints
{
    /// <summary>Registers API and pages.</summary>
    /// <param name="services">The services of a host.</param>
    /// <param name="place">Where it serves them.</param>
    public static IServiceCollection AddDashboard(this IServiceCollection services, DashboardPlace place) =>
        services.AddPages(place)
            // A native program has no other way to write problem details.
            .ConfigureHttpJsonOptions(
                options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ProblemJson.Default))
            .AddSingleton<KeyedRequests>()
            .AddSingleton<ListFinder>()
            .AddSingleton<RowWriter>()
            .AddSingleton<ScheduleFinder>()
            .AddSingleton<ScheduleRequests>();

    /// <summary>Maps the API below <c>/api</c>, and the pages.</summary>
    public static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder app)
    {
        app.MapApi();
        app.MapPages();
        return app;
    }
}
