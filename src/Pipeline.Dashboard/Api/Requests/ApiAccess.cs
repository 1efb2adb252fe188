using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;

namespace Pipeline.Dashboard.Api.Requests;

/// <summary>
/// Decides who may use the API: whoever sends the key as a header, or, if none is set, callers on this machine. Cookies
/// do not count, so no other site can make a browser act here.
/// </summary>
internal sealed class ApiAccess(DashboardAccess access) : IEndpointFilter
{
    private const string KeyHeader = "X-Api-Key";
    private const string Bearer = "Bearer ";

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        return Refuse(context) ?? await next(invocation);
    }

    /// <summary>Who acts, for the log of events.</summary>
    public static string Describe(HttpContext context) => $"API, {context.Connection.RemoteIpAddress}";

    private IResult? Refuse(HttpContext context)
    {
        if (access.HasKey)
        {
            if (!access.IsKey(KeyOf(context.Request)))
            {
                context.Response.Headers.WWWAuthenticate = "Bearer";
                return ApiProblems.Of(StatusCodes.Status401Unauthorized, "The key is missing or wrong.",
                    "Send the value of Pipeline__Dashboard__Key as 'Authorization: Bearer KEY' or "
                        + $"'{KeyHeader}: KEY'.");
            }
        }
        else if (!access.IsOnThisMachine(context))
        {
            return ApiProblems.Of(StatusCodes.Status403Forbidden, "Only this machine may use the API.",
                "No key is set. To open the API to others, set Pipeline__Dashboard__Key and start again.");
        }

        var acts = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);
        if (acts && access.IsReadOnly)
            return ApiProblems.Of(StatusCodes.Status403Forbidden, "The API only shows.",
                "Pipeline__Dashboard__ReadOnly is set, so nothing can be changed here.");
        return acts && !access.IsOwnOrigin(context.Request)
            ? ApiProblems.Of(StatusCodes.Status403Forbidden, "Another site's page sent this request.",
                "Nothing was done. Send it from a program, or from a page of this address.")
            : null;
    }

    private static string? KeyOf(HttpRequest request)
    {
        if (request.Headers[KeyHeader] is [{ } key])
            return key;
        return request.Headers.Authorization is [{ } value]
            && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? value[Bearer.Length..].Trim()
            : null;
    }
}
