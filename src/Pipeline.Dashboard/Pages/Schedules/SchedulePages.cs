using System.Globalization;
using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Intake.Sending;
using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Ports.Ledgers;
using Pipeline.Steering;

namespace Pipeline.Dashboard.Pages.Schedules;

/// <summary>Shows schedules, and does what their forms ask for.</summary>
internal sealed class SchedulePages(
    IScheduleLedger schedules, ScheduleControls controls, ListSender sender, ListFinder lists)
{
    // Each costs a read.
    private const int MaxLastLists = 100;

    // An older question was asked by a page that a browser kept.
    private static readonly TimeSpan QuestionIsValid = TimeSpan.FromDays(1);

    /// <summary>All schedules.</summary>
    public Task<PageResult> ShowAsync(HttpContext context, PageContext page) => ShowAsync(context, page, null, null);

    /// <summary>Asks before an action; null if there is no such question.</summary>
    public async Task<IResult?> AskAsync(HttpContext context, PageContext page, string name, string verb)
    {
        if (!page.CanAct || await FindAsync(name, context.RequestAborted) is not { } schedule)
            return null;
        var (title, fact, button) = verb switch
        {
            "run" => ("Run this schedule now?",
                $"{schedule.ListName} is submitted as a new list. Each of its URLs may be billed.", "Run now"),
            "remove" => ("Remove this schedule?",
                $"Nothing more of {schedule.ListName} is submitted. The lists that it has submitted stay.",
                "Remove the schedule"),
            _ => ("", "", ""),
        };
        if (title.Length == 0)
            return null;
        var question = new ConfirmModel(
            title, [$"Schedule {name}: {schedule.Cron} ({schedule.TimeZone}).", fact],
            page.To("schedules", name, verb), button, page.To("schedules"),
            // To answer the same question twice runs it once.
            ("asked_at", page.Now.UtcTicks.ToString(CultureInfo.InvariantCulture)));
        return new PageResult(page, title, Confirm.Create().With(page, question)) { Section = "schedules" };
    }

    /// <summary>Acts on a schedule; null if there is no such action.</summary>
    /// <exception cref="PipelineException">Permanent: there is no such schedule any more.</exception>
    public async Task<IResult?> ActAsync(HttpContext context, PageContext page, string name, string verb)
    {
        var (stop, who) = (context.RequestAborted, DashboardAccess.Describe(context));
        switch (verb)
        {
            case "pause" or "resume":
                await controls.PauseAsync(name, verb == "pause", who, stop);
                break;
            case "run":
                var askedAt = ReadTime(context.Request.Form["asked_at"], page.Now);
                return PageActions.Go(context, page.ToList(await controls.RunAsync(name, askedAt, who, stop)));
            case "remove":
                await controls.RemoveAsync(name, who, stop);
                break;
            default:
                return null;
        }
        return PageActions.Go(context, page.To("schedules"));
    }

    /// <summary>Adds a schedule, or replaces the one of its name; null where there are none.</summary>
    public async Task<IResult?> AddAsync(HttpContext context, PageContext page)
    {
        if (page.Place.ScheduleFolder is not { } folder)
            return null;
        var (form, stop) = (context.Request.Form, context.RequestAborted);
        try
        {
            var ready = await sender.CheckAsync(SentList.Read(form), stop);
            await controls.AddAsync(
                new()
                {
                    Name = form["schedule"].ToString().Trim(),
                    Cron = form["cron"].ToString().Trim(),
                    TimeZone = SentList.Given(form["time_zone"]) ?? "UTC",
                    Overlap = form["overlap"] == "allow" ? ScheduleOverlap.Allow : ScheduleOverlap.Skip,
                    Source = "",
                    ListName = "",
                },
                ready with { List = ready.List.Named(ready.Inspection.Name) }, folder,
                DashboardAccess.Describe(context), stop);
            return PageActions.Go(context, page.To("schedules"));
        }
        catch (PipelineException problem) when (problem.IsPermanent)
        {
            return await ShowAsync(context, page, form, SentList.Describe(problem));
        }
    }

    private async Task<PageResult> ShowAsync(
        HttpContext context, PageContext page, IFormCollection? form, string? problem)
    {
        var all = await schedules.GetSchedulesAsync(context.RequestAborted);
        IReadOnlyList<ScheduleEntry> entries = [.. all.Select(stored => stored.Entry)];
        var last = await FindLastListsAsync(entries, context.RequestAborted);
        var model = new SchedulesPageModel(entries, last, form, problem);
        return new(page, "Schedules", SchedulesPage.Create().With(page, model))
        {
            Section = "schedules",
            IsLive = form is null,
            Status = problem is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
        };
    }

    private async Task<IReadOnlyDictionary<string, ListEntry>> FindLastListsAsync(
        IReadOnlyList<ScheduleEntry> entries, CancellationToken cancellationToken)
    {
        var ids = entries.Select(entry => entry.LastListId).OfType<string>().Distinct().Take(MaxLastLists);
        var found = await Task.WhenAll(ids.Select(id => lists.FindAsync(id, cancellationToken)));
        return found.OfType<ListEntry>().ToDictionary(list => list.ListId, StringComparer.Ordinal);
    }

    private async Task<ScheduleEntry?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await schedules.GetSchedulesAsync(cancellationToken))
            .FirstOrDefault(stored => stored.Entry.Name == name)?.Entry;

    private static DateTimeOffset ReadTime(string? ticks, DateTimeOffset now) =>
        long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at <= now.UtcTicks && at > (now - QuestionIsValid).UtcTicks
            ? new(at, TimeSpan.Zero)
            : now;
}
