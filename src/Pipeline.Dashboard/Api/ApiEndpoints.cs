using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Dashboard.Api.Requests;
using Pipeline.Dashboard.Api.Rows;

namespace Pipeline.Dashboard.Api;

/// <summary>The HTTP API, the same in every host. <c>openapi.json</c> beside this file describes it.</summary>
internal static class ApiEndpoints
{
    /// <summary>
    /// The content type of bodies that may have any or none: <c>curl --data</c> names one that fits nothing of ours.
    /// </summary>
    public const string AnyType = "*/*";

    private const string Document = "Api.openapi.json";

    /// <summary>Maps the API below <c>/api</c>, and the checks of health.</summary>
    public static void MapApi(this IEndpointRouteBuilder app)
    {
        app.MapHealth();
        app.MapGet("/api/openapi.json", () => Results.Stream(
            typeof(ApiEndpoints).Assembly.GetManifestResourceStream(Document)!, "application/json"))
            .ExcludeFromDescription();
        var api = app.MapGroup("/api")
            .AddEndpointFilter<ApiAccess>()
            .AddEndpointFilter<ApiProblems>()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapStatus();
        api.MapLists();
        api.MapActions();
        api.MapRows();
        api.MapExplain();
        api.MapSubmit();
        api.MapSchedules();
        // Otherwise the pages would answer, in HTML.
        app.Map("/api/{**path}", (HttpContext context) => UnknownAddress.Answer(context, app.DataSources))
            .ExcludeFromDescription();
    }

    /// <summary>Reads a limit of rows; null if it is none from 1 to <paramref name="max"/>.</summary>
    public static int? ReadLimit(string? text, int standard, int max) =>
        string.IsNullOrEmpty(text) ? standard
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit >= 1 && limit <= max ? limit
        : null;
}
