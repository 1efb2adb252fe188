using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Dashboard.Pages;

namespace Pipeline.Functions.Requests;

/// <summary>
/// Serves the pages below <c>api/dashboard</c>. They ask for the key of <c>Pipeline__Dashboard__Key</c> themselves: a
/// browser cannot send a function key.
/// </summary>
internal sealed class DashboardFunction(PageRouter pages)
{
    [Function("Dashboard")]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", Route = "dashboard/{*path}")] HttpRequest request,
        string? path) =>
        pages.AnswerAsync(request.HttpContext, path ?? "");
}
