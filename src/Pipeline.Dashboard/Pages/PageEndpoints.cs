using Microsoft.AspNetCore.Routing;

namespace Pipeline.Dashboard.Pages;

/// <summary>The web pages.</summary>
internal static class PageEndpoints
{
    /// <summary>Maps the pages.</summary>
    public static void MapPages(this IEndpointRouteBuilder app)
    {
    }
}
