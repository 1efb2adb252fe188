using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Dashboard.Api.Requests;
using Pipeline.Model;
using Pipeline.Reports;
using Pipeline.Steering;

namespace Pipeline.Dashboard.Api;

/// <summary>Acting on lists: pause, resume, cancel, replay. To repeat a request does no harm.</summary>
internal static class ActionEndpoints
{
    private const int MaxBody = 64 * 1024;

    public static void MapActions(this IEndpointRouteBuilder api)
    {
        Map(api, "pause", "Post nothing new of a list; what was posted is collected.",
            (controls, listId, who, stop) => controls.PauseAsync(listId, who, stop));
        Map(api, "resume", "Let a paused list go on.",
            (controls, listId, who, stop) => controls.ResumeAsync(listId, who, stop));
        Map(api, "cancel", "End a list: planned inputs end as 'cancelled', posted ones are collected, then it closes.",
            (controls, listId, who, stop) => controls.CancelAsync(listId, who, stop));
        api.MapPost("/lists/{listId}/replay", ReplayAsync)
            .WithName("ReplayList")
            .WithSummary("Retry failures without cost; with 'resubmit', post again what is not found. May be billed.")
            .Accepts<ReplayRequest>(isOptional: true, ApiEndpoints.AnyType)
            .Produces<ReplayAnswer>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static void Map(
        IEndpointRouteBuilder api, string verb, string summary,
        Func<ListControls, string, string, CancellationToken, Task<ListEntry>> act) =>
        api.MapPost($"/lists/{{listId}}/{verb}", async (
            string listId, HttpContext context, ListControls controls, ListFinder lists, CancellationToken stop) =>
            await lists.FindAsync(listId, stop) is null
                ? await ListEndpoints.AbsentAsync(listId, lists, stop)
                : Results.Json(
                    Describe(await act(controls, listId, ApiAccess.Describe(context), stop)),
                    ApiJson.Default.SteeredList))
            .WithName($"{char.ToUpperInvariant(verb[0])}{verb[1..]}List")
            .WithSummary(summary)
            .Produces<SteeredList>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static SteeredList Describe(ListEntry list) => new(list.ListId, ListProgress.WordOf(list));

    private static async Task<IResult> ReplayAsync(
        string listId, HttpContext context, ListReplays replays, ListFinder lists, CancellationToken cancellationToken)
    {
        if (await lists.FindAsync(listId, cancellationToken) is null)
            return await ListEndpoints.AbsentAsync(listId, lists, cancellationToken);
        var body = await RequestBody.ReadAsync(context, MaxBody, cancellationToken);
        var request = body.Length == 0
            ? new(false, null, null)
            : JsonSerializer.Deserialize(body.Span, ApiJson.Default.ReplayRequest) ?? new(false, null, null);
        var counts = await replays.ReplayAsync(
            listId, input => Selects(request, input), request.Resubmit, ApiAccess.Describe(context), cancellationToken);
        return Results.Json(
            new ReplayAnswer(
                counts.Resubmitted, counts.Recollected, counts.Found, counts.Left, counts.Undone, counts.Problem),
            ApiJson.Default.ReplayAnswer);
    }

    private static bool Selects(ReplayRequest request, InputEntry input) =>
        request.Ids?.Contains(input.Id) != false && request.Reasons?.Contains(input.Reason ?? "") != false;
}
