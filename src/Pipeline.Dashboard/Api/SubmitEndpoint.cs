using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Dashboard.Api.Requests;
using Pipeline.Intake.Sending;
using Pipeline.Model.Series;

namespace Pipeline.Dashboard.Api;

/// <summary>Takes lists, and fetches one once more.</summary>
internal static class SubmitEndpoint
{
    public static void MapSubmit(this IEndpointRouteBuilder api)
    {
        api.MapPost("/lists", SubmitAsync)
            .WithName("SubmitList")
            .WithSummary("Take a list in any form: lines, CSV, NDJSON, JSON, a Nimble batch, or {\"source\": …}.")
            .Accepts<string>(isOptional: true, ApiEndpoints.AnyType)
            .Produces<SubmittedList>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapPost("/lists/{listId}/again", RunAgainAsync)
            .WithName("RunListAgain")
            .WithSummary("Fetch the same list once more, as a list of its own. Each URL may be billed.")
            .Produces<SubmittedList>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>Reads what the parameters of a request say about its list; null if they cannot be read.</summary>
    public static ListLabel? LabelOf(
        string? name, string? type, string? listId, string? urlColumn, string? series, string? onlyNew, string? maxAge)
        => onlyNew is null or "true" or "false"
            ? new(
                ReceivedList.NameOf(name, type), listId, urlColumn,
                new SeriesFields(series, onlyNew is null ? null : onlyNew == "true", maxAge))
            : null;

    private static async Task<IResult> SubmitAsync(
        string? name, string? list_id, string? url_column, string? series, string? only_new, string? max_age,
        HttpContext context, DashboardPlace place, ListSender sender, KeyedRequests requests,
        CancellationToken cancellationToken)
    {
        if (LabelOf(name, context.Request.ContentType, list_id, url_column, series, only_new, max_age) is not { } label)
            return ApiProblems.Invalid("only_new is true or false.");
        if (place.ListFolder is not { } folder)
            return ApiProblems.NotFound("This host takes no lists.");
        return await ReceivedList.AnswerAsync(context, label, list => requests.AnswerAsync(
            context,
            () => KeyedRequests.HashAsync($"{label}", list.Open(), cancellationToken),
            async () =>
            {
                var ready = await sender.CheckAsync(list, cancellationToken);
                await sender.SendAsync(ready, folder, ApiAccess.Describe(context), cancellationToken);
                var inspection = ready.Inspection;
                return new(inspection.ListId, inspection.Inputs, inspection.Invalid);
            }));
    }

    private static async Task<IResult> RunAgainAsync(
        string listId, HttpContext context, DashboardPlace place, ListRerun rerun, ListFinder lists,
        KeyedRequests requests, CancellationToken cancellationToken)
    {
        if (await lists.FindAsync(listId, cancellationToken) is null)
            return await ListEndpoints.AbsentAsync(listId, lists, cancellationToken);
        if (place.ListFolder is not { } folder)
            return ApiProblems.NotFound("This host takes no lists.");
        return await requests.AnswerAsync(
            context,
            () => KeyedRequests.HashAsync($"again {listId}", null, cancellationToken),
            async () => new(
                (await rerun.RunAsync(listId, folder, ApiAccess.Describe(context), cancellationToken)).ListId,
                null, null));
    }
}
