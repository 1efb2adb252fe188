using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages;
using Pipeline.Intake.Sending;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Reports;
using Pipeline.Steering;

namespace Pipeline.Dashboard.Acting;

/// <summary>
/// Does what the forms of pages ask for. Who may act, and that the form is our own, was checked before. What costs or
/// cannot be undone asks first.
/// </summary>
internal sealed class PageActions(
    ListControls controls, ListReplays replays, ListRerun rerun, ListFinder lists, InputPages inputs,
    BulkActions actions, IOptions<PipelineOptions> options)
{
    // Counting for a question reads at most this many pages of failures; beyond it, the question says "at least".
    private const int MaxPages = 50;

    /// <summary>Asks before an action; null if there is no such question.</summary>
    public async Task<IResult?> AskAsync(HttpContext context, PageContext page, string listId, string verb)
    {
        if (!page.CanAct || await lists.FindAsync(listId, context.RequestAborted) is not { } list)
            return null;
        return verb switch
        {
            "cancel" => Question(page, AboutCancel(page, list)),
            "again" => Question(page, AboutAgain(page, list)),
            "resubmit" => Question(
                page,
                await AboutResubmitAsync(page, list, Selection.Read(context.Request.Query), context.RequestAborted)),
            _ => null,
        };
    }

    /// <summary>Acts; null if there is no such action.</summary>
    public async Task<IResult?> ActAsync(HttpContext context, PageContext page, string listId, string verb)
    {
        if (await lists.FindAsync(listId, context.RequestAborted) is not { } list)
            return null;
        var (stop, who) = (context.RequestAborted, DashboardAccess.Describe(context));
        var selection = Selection.Read(context.Request.Form);
        if (selection.IsEmpty)
            return PageRouter.Problem(
                page, StatusCodes.Status400BadRequest, "Nothing was done",
                "No input is selected. Go back and select some.");
        switch (verb)
        {
            case "pause":
                await controls.PauseAsync(listId, who, stop);
                break;
            case "resume":
                await controls.ResumeAsync(listId, who, stop);
                break;
            case "cancel":
                await controls.CancelAsync(listId, who, stop);
                break;
            case "again" when page.Place.ListFolder is { } folder:
                return Go(context, page.ToList((await rerun.RunAsync(listId, folder, who, stop)).ListId));
            case "confirm-resubmit":
                return Question(page, await AboutResubmitAsync(page, list, selection, stop));
            // More may have failed since somebody said yes to a number and a price.
            case "resubmit" when await AboutResubmitAsync(page, list, selection, stop) is var question
                && Confirmed.IsExceeded(context.Request.Form, question.Count ?? 0):
                return Question(page, question.Again("More inputs have failed since you were asked."));
            case "replay" or "resubmit":
                var resubmit = verb == "resubmit";
                await actions.RunAsync(
                    listId, resubmit ? "Posting failures again since" : "Replay of failures since",
                    async action => ReplayReport.Describe(
                        await replays.ReplayAsync(
                            listId, selection.Takes, resubmit, who, CancellationToken.None,
                            new ReplayReport(action))));
                break;
            default:
                return null;
        }
        return Go(context, page.ToList(listId));
    }

    /// <summary>Leads to a page. 303: the browser reads it, and reloading that does not act again.</summary>
    public static IResult Go(HttpContext context, string path)
    {
        context.Response.Headers.Location = path;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static PageResult Question(PageContext page, ConfirmModel question) => question.Count == 0
        ? PageRouter.Problem(
            page, StatusCodes.Status409Conflict, "Nothing can be posted again",
            "None of these inputs is a failure that can be posted again. What helps is in the message of each failure.")
        : new(page, question.Title, Confirm.Create().With(page, question)) { Section = "lists" };

    private static ConfirmModel AboutCancel(PageContext page, ListEntry list) => new(
        "Cancel this list?",
        [
            $"List {Show.Name(list.Source, list.ListId)}.",
            "Inputs that were not posted end as cancelled. What was posted is paid for, so it is still collected. "
                + "Then the list closes with its manifest.",
        ],
        page.ToList(list.ListId, "cancel"), "Cancel the list", page.ToList(list.ListId));

    private ConfirmModel AboutAgain(PageContext page, ListEntry list) => new(
        "Fetch this list again?",
        [
            $"List {Show.Name(list.Source, list.ListId)}, as a list of its own: the same content with the same URL "
                + "column, shared inputs and series.",
            Cost(list.Inputs),
            "If a run of it is already open, that run is shown instead.",
        ],
        page.ToList(list.ListId, "again"), $"Fetch {Amount.Of(list.Inputs, "URL")} again", page.ToList(list.ListId));

    private string Cost(long urls) => options.Value.Nimble.PricePerUrl is { } each
        ? $"Estimated cost: {Show.Money(each * urls)} ({Show.Money(each)} a URL)."
        : "Each URL may be billed. No price is set (Pipeline__Nimble__PricePerUrl), so the cost is unknown.";

    private async Task<ConfirmModel> AboutResubmitAsync(
        PageContext page, ListEntry list, Selection selection, CancellationToken cancellationToken)
    {
        var (count, isAll) = await CountAsync(list.ListId, selection, cancellationToken);
        return new(
            "Post these inputs again?",
            [
                $"{(isAll ? "" : "At least ")}{Amount.Of(count, "failed input")} of "
                    + $"{Show.Name(list.Source, list.ListId)}, each as a new task with the same id.",
                Cost(count),
                "Results that exist are read first, for free. Only inputs without a result are posted.",
            ],
            page.ToList(list.ListId, "resubmit"), $"Post {Amount.Of(count, "input")} again", page.ToList(list.ListId),
            selection.Fields)
        {
            Count = count,
        };
    }

    private async Task<(long Count, bool IsAll)> CountAsync(
        string listId, Selection selection, CancellationToken cancellationToken)
    {
        long count = 0;
        string? next = null;
        for (var i = 0; i < MaxPages; i++)
        {
            var page = await inputs.ReadAsync(listId, selection.Filter, next, int.MaxValue, cancellationToken);
            count += page.Inputs.Count(input =>
                selection.Takes(input) && FailureRemedies.Of(input.Reason).Resubmits);
            if ((next = page.Next) is null)
                return (count, true);
        }
        return (count, false);
    }
}
