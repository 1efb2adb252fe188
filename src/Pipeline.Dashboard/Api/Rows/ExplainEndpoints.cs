using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Ports.Reading;
using Pipeline.Reports.History;

namespace Pipeline.Dashboard.Api.Rows;

/// <summary>The history of inputs.</summary>
internal static class ExplainEndpoints
{
    private const int MaxLength = 8192;

    public static void MapExplain(this IEndpointRouteBuilder api) => api.MapGet("/explain", async (
        string? url, string? id, string? task_id, string? batch_id, string? list_id, HistoryReader histories,
        CancellationToken stop) =>
        {
            (InputKey Key, string? Value)[] given =
            [
                (InputKey.Url, url), (InputKey.Id, id), (InputKey.Task, task_id), (InputKey.Batch, batch_id),
            ];
            return given.Where(key => !string.IsNullOrEmpty(key.Value)).ToList() is [var (key, value)]
                && value!.Length <= MaxLength
                ? Results.Json(
                    await histories.ExplainAsync(
                        new InputQuery(key, value, string.IsNullOrEmpty(list_id) ? null : list_id), stop),
                    ApiJson.Default.Explanation)
                : ApiProblems.Invalid("Give one of url, id, task_id and batch_id.");
        })
        .WithName("Explain")
        .WithSummary("The whole history of an input, by its URL, id, task or batch.")
        .Produces<Explanation>()
        .ProducesProblem(StatusCodes.Status400BadRequest);
}
