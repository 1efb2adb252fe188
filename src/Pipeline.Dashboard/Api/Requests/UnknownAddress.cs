using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;

namespace Pipeline.Dashboard.Api.Requests;

/// <summary>
/// Answers requests that no endpoint of the API takes: 405 where another method is right, else 404.
/// </summary>
internal static class UnknownAddress
{
    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sources">The endpoints that there are.</param>
    public static IResult Answer(HttpContext context, IEnumerable<EndpointDataSource> sources)
    {
        var path = context.Request.Path;
        var methods = sources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText?.StartsWith("/api/", StringComparison.Ordinal) == true
                && new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(path, []))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            .Distinct()
            .Order()
            .ToList();
        if (methods.Count == 0)
            return ApiProblems.NotFound("There is no such address in the API. See /api/openapi.json.");
        var allowed = string.Join(", ", methods);
        context.Response.Headers.Allow = allowed;
        return ApiProblems.Of(
            StatusCodes.Status405MethodNotAllowed, "The method is wrong.", $"This address takes {allowed}.");
    }
}
