using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Api;

namespace Pipeline.Functions.Requests;

/// <summary>
/// Serve the HTTP API. The host allows anonymous requests; the API asks for the key of <c>Pipeline__Dashboard__Key</c>
/// itself, as in every host. No two routes overlap: the host tries them by the functions' names, not the most specific
/// one first.
/// </summary>
internal sealed class ApiFunctions(ApiRouter api, DashboardAccess access)
{
    [Function("Lists")]
    public Task<IResult> ListsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", "put", "delete", Route = "lists/{*path}")]
        HttpRequest request) =>
        api.AnswerAsync(request.HttpContext);

    [Function("Schedules")]
    public Task<IResult> SchedulesAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", "put", "delete", Route = "schedules/{*path}")]
        HttpRequest request) =>
        api.AnswerAsync(request.HttpContext);

    [Function("Explain")]
    public Task<IResult> ExplainAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "explain")] HttpRequest request) =>
        api.AnswerAsync(request.HttpContext);

    /// <summary>Describes the API to everybody, but only where there is one.</summary>
    [Function("OpenApi")]
    public Task<IResult> DescribeAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "openapi.json")] HttpRequest request) =>
        access.HasKey
            ? api.AnswerAsync(request.HttpContext)
            : Task.FromResult(ApiProblems.NotFound("Without Pipeline__Dashboard__Key this app serves no API."));

    /// <summary>Says that the app runs, for the availability test. Needs no key.</summary>
    [Function("Health")]
    public Task<IResult> CheckAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "healthz")] HttpRequest request) =>
        api.AnswerAsync(request.HttpContext);
}
