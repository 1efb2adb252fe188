using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Dashboard.Api.Rows;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports.Reading;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api;

/// <summary>Lists: pages of them, one, its manifest.</summary>
internal static class ListEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static void MapLists(this IEndpointRouteBuilder api)
    {
        api.MapGet("/lists", PageAsync)
            .WithName("GetLists")
            .WithSummary("Lists: open ones by id, then closed ones, the latest first.")
            .Produces<ListPage>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/lists/{listId}", ReadAsync)
            .WithName("GetList")
            .WithSummary("One list: live counts, waits, outcomes, manifest.")
            .Produces<ListDetail>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/lists/{listId}/manifest", ManifestAsync)
            .WithName("GetManifest")
            .WithSummary("The manifest of a closed list.")
            .Produces<Manifest>()
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>The answer about a list that the ledger has no entry of: why it has none.</summary>
    public static async Task<IResult> AbsentAsync(string listId, ListFinder lists, CancellationToken stop) =>
        ApiProblems.NotFound((await lists.ExplainAsync(listId, stop)).Text);

    private static async Task<IResult> ReadAsync(
        string listId, ListDetails details, ListFinder lists, CancellationToken cancellationToken)
    {
        if (await details.ReadAsync(listId, cancellationToken) is { } list)
            return Results.Json(list, ApiJson.Default.ListDetail);
        var absent = await lists.ExplainAsync(listId, cancellationToken);
        return absent.Sender is null
            ? ApiProblems.NotFound(absent.Text)
            : Results.Json(ListDetail.OfQueued(absent.Sender, absent.Text), ApiJson.Default.ListDetail);
    }

    private static async Task<IResult> PageAsync(
        string? cursor, string? limit, IListCatalog catalog, ListProgressReader progress, FinishedLists finished,
        CancellationToken cancellationToken)
    {
        if (ApiCursor.Read(cursor) is not { } place)
            return ApiProblems.Invalid(ApiCursor.Unreadable);
        if (ApiEndpoints.ReadLimit(limit, DefaultLimit, MaxLimit) is not { } max)
            return ApiProblems.Invalid($"The limit is from 1 to {MaxLimit}.");
        var lists = new List<ListSummary>(max);
        if (place.Open is { } after)
        {
            var open = await catalog.GetOpenPageAsync(after, max, cancellationToken);
            lists.AddRange(
                (await progress.ReadAsync(open, cancellationToken)).Select(list => Summarize(list.Progress)));
            if (lists.Count == max)
                return Page(lists, new(lists[^1].ListId, null));
            place = new(null, null);
        }

        lists.AddRange((await finished.ReadPageAsync(place.Closed, max - lists.Count, cancellationToken))
            .Select(Summarize));
        return Page(lists, lists.Count < max ? null
            : lists[^1].ClosedAt is { } at ? new(null, new(at, lists[^1].ListId))
            : new(null, null));
    }

    private static IResult Page(IReadOnlyList<ListSummary> lists, ApiCursor? next) =>
        Results.Json(new ListPage(lists, next?.ToString()), ApiJson.Default.ListPage);

    private static ListSummary Summarize(ListProgress list) => new(
        list.ListId, list.State, list.Source, list.Inputs, list.Records, list.Failures, list.CreatedAt, null);

    private static ListSummary Summarize(FinishedList list) => new(
        list.ListId, list.IsCancelled ? "cancelled" : "closed", list.Source, list.Inputs, list.Records, list.Failures,
        list.CreatedAt, list.ClosedAt);

    private static async Task<IResult> ManifestAsync(
        string listId, IManifestReader manifests, CancellationToken cancellationToken) =>
        SubmissionIds.IsWellFormed(listId) && await manifests.ReadManifestAsync(listId, cancellationToken) is { } found
            ? Results.Json(found, PipelineJson.Plain.Manifest)
            : ApiProblems.NotFound(
                $"List {DisplayText.Quote(listId)} has no manifest. A list has one once it is closed.");
}
