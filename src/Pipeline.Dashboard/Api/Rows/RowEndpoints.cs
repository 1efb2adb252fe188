using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Model;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api.Rows;

/// <summary>
/// The inputs of a list as NDJSON: pending ones, failures, records. A page ends at a limit; the header <c>Link</c> then
/// names the next one. A page may be empty and have a next one.
/// </summary>
internal static class RowEndpoints
{
    private const int MaxLimit = 1000;

    public static void MapRows(this IEndpointRouteBuilder api)
    {
        Map<PendingInput>(api, "pending", "Inputs without an outcome, one JSON object a line.", InputState.Waiting);
        Map<Failure>(api, "failures", "Failures, one pipeline.failure/1 a line.", InputState.Failed);
        Map<object>(api, "records", "Records, one pipeline.record/1 a line.", InputState.Recorded);
    }

    private static void Map<TRow>(IEndpointRouteBuilder api, string name, string summary, InputState state) =>
        api.MapGet($"/lists/{{listId}}/{name}", async (
            string listId, string? cursor, string? limit, HttpContext context, ListFinder lists, InputPages pages,
            RowWriter rows, CancellationToken stop) =>
        {
            if (ApiEndpoints.ReadLimit(limit, MaxLimit, MaxLimit) is not { } max)
                return ApiProblems.Invalid($"The limit is from 1 to {MaxLimit}.");
            if (!InputPages.IsPlace(cursor))
                return ApiProblems.Invalid(ApiCursor.Unreadable);
            if (await lists.FindAsync(listId, stop) is null)
                return await ListEndpoints.AbsentAsync(listId, lists, stop);
            var page = await pages.ReadAsync(listId, new(state), cursor, max, stop);
            if (page.Next is { } next)
                context.Response.Headers.Link =
                    $"<{context.Request.PathBase}{context.Request.Path}?cursor={Uri.EscapeDataString(next)}"
                        + $"&limit={max}>; rel=\"next\"";
            return Results.Stream(
                body => rows.WriteAsync(body, page.Inputs.ToAsyncEnumerable(), state, stop), RowWriter.Ndjson);
        })
            .WithName($"Get{char.ToUpperInvariant(name[0])}{name[1..]}")
            .WithSummary(summary)
            .Produces<TRow>(StatusCodes.Status200OK, RowWriter.Ndjson)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);
}
