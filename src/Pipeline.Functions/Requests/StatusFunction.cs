using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Reports;

namespace Pipeline.Functions.Requests;

/// <summary>
/// Answers HTTP GET <c>api/status</c> (the open lists) and <c>api/status/{list}</c> (one list). Requires a function
/// key.
/// </summary>
internal sealed class StatusFunction(StatusReporter reporter)
{
    [Function("Status")]
    public async Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "status/{list?}")] HttpRequest request, string? list)
    {
        var aborted = request.HttpContext.RequestAborted;
        if (string.IsNullOrEmpty(list))
            return Results.Json(await reporter.GetOpenListsAsync(aborted), StatusJson.Default.OpenListsReport);
        return await reporter.GetListAsync(list, aborted) is { } report
            ? Results.Json(report, StatusJson.Default.ListReport)
            : Results.NotFound();
    }
}
