using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api;

/// <summary>How everything stands.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder api)
    {
        api.MapGet("/status", AnswerAsync)
            .WithName("GetStatus")
            .WithSummary("How everything stands: verdict, open lists, flow, outcomes, money, events.")
            .Produces<StatusAnswer>();
        api.MapGet("/status/{listId}", async (
            string listId, StatusReporter reporter, ListFinder lists, CancellationToken stop) =>
            await reporter.GetListAsync(listId, stop) is { } report
                ? Results.Json(report, StatusJson.Default.ListReport)
                : await ListEndpoints.AbsentAsync(listId, lists, stop))
            .ExcludeFromDescription();
    }

    /// <summary>Reads how everything stands. The Functions app answers its own route by this too.</summary>
    public static async Task<IResult> AnswerAsync(
        OverviewReporter reporter, StatusReporter status, CancellationToken cancellationToken)
    {
        var overview = await reporter.ReportAsync(cancellationToken);
        var pause = await status.GetPauseAsync(cancellationToken);
        return Results.Json(new StatusAnswer(
            overview.At, overview.Source, overview.Verdict, overview.Lists, overview.Flow, overview.Outcomes,
            overview.Day, overview.Unknown, overview.Money, overview.Events, overview.Finished, overview.DeadLetters,
            [.. overview.Lists.Select(list => list.ListId)], overview.HasMore, pause?.Until, pause?.Reason,
            overview.Money.DayUsed, overview.Money.DayLimit, overview.RefusedLists), ApiJson.Default.StatusAnswer);
    }
}
