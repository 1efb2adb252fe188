using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Dashboard.Api.Requests;
using Pipeline.Intake.Sending;
using Pipeline.Model.Schedules;
using Pipeline.Ports.Ledgers;
using Pipeline.Steering;

namespace Pipeline.Dashboard.Api;

/// <summary>Lists that are submitted again and again.</summary>
internal static class ScheduleEndpoints
{
    public static void MapSchedules(this IEndpointRouteBuilder api)
    {
        api.MapGet("/schedules", async (IScheduleLedger schedules, CancellationToken stop) => Results.Json(
                new SchedulesAnswer(
                    [.. (await schedules.GetSchedulesAsync(stop)).Select(stored => Describe(stored.Entry))]),
                ApiJson.Default.SchedulesAnswer))
            .WithName("GetSchedules")
            .WithSummary("All schedules, by name.")
            .Produces<SchedulesAnswer>();
        api.MapPut("/schedules/{name}", PutAsync)
            .WithName("PutSchedule")
            .WithSummary("Add a schedule, or replace the one of its name. The body is its list, in any form.")
            .Accepts<string>(isOptional: true, ApiEndpoints.AnyType)
            .Produces<ScheduleAnswer>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        Map(api, "pause", "Submit nothing until the schedule is resumed.", true);
        Map(api, "resume", "Go on with a paused schedule; what was missed is not made up for.", false);
        api.MapPost("/schedules/{name}/run", async (
                string name, HttpContext context, ScheduleControls controls, ScheduleFinder finder,
                CancellationToken stop) => await finder.HasAsync(name, stop)
                    ? Results.Json(
                        new SubmittedList(
                            await controls.RunAsync(name, ApiAccess.Describe(context), stop), null, null),
                        ApiJson.Default.SubmittedList, statusCode: StatusCodes.Status202Accepted)
                    : Unknown(name))
            .WithName("RunSchedule")
            .WithSummary("Submit a schedule's list now. Each URL may be billed.")
            .Produces<SubmittedList>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/schedules/{name}", async (
                string name, HttpContext context, ScheduleControls controls, ScheduleFinder finder,
                CancellationToken stop) =>
            {
                if (!await finder.HasAsync(name, stop))
                    return Unknown(name);
                await controls.RemoveAsync(name, ApiAccess.Describe(context), stop);
                return Results.NoContent();
            })
            .WithName("RemoveSchedule")
            .WithSummary("Remove a schedule. Its lists stay.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static void Map(IEndpointRouteBuilder api, string verb, string summary, bool pauses) =>
        api.MapPost($"/schedules/{{name}}/{verb}", async (
                string name, HttpContext context, ScheduleControls controls, ScheduleFinder finder,
                CancellationToken stop) => await finder.HasAsync(name, stop)
                    ? Results.Json(
                        Describe(await controls.PauseAsync(name, pauses, ApiAccess.Describe(context), stop)),
                        ApiJson.Default.ScheduleAnswer)
                    : Unknown(name))
            .WithName($"{char.ToUpperInvariant(verb[0])}{verb[1..]}Schedule")
            .WithSummary(summary)
            .Produces<ScheduleAnswer>()
            .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<IResult> PutAsync(
        string name, string? cron, string? time_zone, string? overlap, string? list_name, string? url_column,
        string? series, string? only_new, string? max_age, HttpContext context, ScheduleRequests requests)
    {
        if (string.IsNullOrEmpty(cron))
            return ApiProblems.Invalid("cron is missing. Write it as ?cron=0%206%20*%20*%20* for every day at six.");
        if (overlap is not (null or "skip" or "allow"))
            return ApiProblems.Invalid("overlap is skip or allow.");
        var type = context.Request.ContentType;
        if (SubmitEndpoint.LabelOf(list_name, type, null, url_column, series, only_new, max_age) is not { } label)
            return ApiProblems.Invalid("only_new is true or false.");
        var schedule = new ScheduleEntry
        {
            Name = name, Cron = cron, TimeZone = time_zone ?? "UTC", Source = "", ListName = "",
            Overlap = overlap == "allow" ? ScheduleOverlap.Allow : ScheduleOverlap.Skip,
        };
        return await ReceivedList.AnswerAsync(context, label, list => requests.PutAsync(context, schedule, list));
    }

    /// <summary>A schedule, for callers.</summary>
    public static ScheduleAnswer Describe(ScheduleEntry entry) => new(
        entry.Name, entry.Cron, entry.TimeZone, entry.Overlap == ScheduleOverlap.Allow ? "allow" : "skip",
        entry.IsPaused, entry.ListName, entry.Series, entry.IsPaused ? null : entry.NextAt, entry.LastAt,
        entry.LastListId, entry.WasSkipped);

    private static IResult Unknown(string name) =>
        ApiProblems.NotFound($"There is no schedule {Notation.DisplayText.Quote(name)}.");
}

/// <summary>Knows which schedules there are.</summary>
internal sealed class ScheduleFinder(IScheduleLedger schedules)
{
    /// <summary>Whether there is a schedule of this name.</summary>
    public async Task<bool> HasAsync(string name, CancellationToken cancellationToken) =>
        (await schedules.GetSchedulesAsync(cancellationToken)).Any(stored => stored.Entry.Name == name);
}

/// <summary>Adds schedules that callers send.</summary>
internal sealed class ScheduleRequests(ListSender sender, ScheduleControls controls, DashboardPlace place)
{
    /// <summary>Checks the list, and adds the schedule.</summary>
    public async Task<IResult> PutAsync(HttpContext context, ScheduleEntry schedule, OfferedList list)
    {
        if (place.ScheduleFolder is not { } folder)
            return ApiProblems.NotFound("This host takes no schedules.");
        var stop = context.RequestAborted;
        var ready = await sender.CheckAsync(list, stop);
        var added = await controls.AddAsync(schedule, ready, folder, ApiAccess.Describe(context), stop);
        return Results.Json(ScheduleEndpoints.Describe(added), ApiJson.Default.ScheduleAnswer);
    }
}
