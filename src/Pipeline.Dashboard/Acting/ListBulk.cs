using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages;
using Pipeline.Dashboard.Pages.Lists;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;
using Pipeline.Model.Actions;
using Pipeline.Steering;

namespace Pipeline.Dashboard.Acting;

/// <summary>Pauses, resumes and cancels many lists: selected ones, or those of a filter.</summary>
internal sealed class ListBulk(ListControls controls, OpenListSearch search, BulkActions actions)
{
    private static readonly Dictionary<string, string> Titles = new(StringComparer.Ordinal)
    {
        ["pause"] = "Pausing lists since", ["resume"] = "Resuming lists since", ["cancel"] = "Cancelling lists since",
    };

    /// <summary>Asks before, or acts; null if there is no such action.</summary>
    public async Task<IResult?> ActAsync(HttpContext context, PageContext page, string verb)
    {
        var form = context.Request.Form;
        var filter = ListFilter.Read(name => form[name]);
        var ids = form["list"].OfType<string>().Where(SubmissionIds.IsWellFormed).Distinct().ToList();
        // A form of selected lists without any is not one about all lists.
        if (ids.Count == 0 && filter.TakesAll)
            return PageRouter.Problem(
                page, StatusCodes.Status400BadRequest, "Nothing was done",
                "No list is selected. Go back and select some, or set a filter.");
        if (verb is "cancel" or "confirm-cancel")
        {
            var question = await AskAsync(page, filter, ids, context.RequestAborted);
            if (verb == "confirm-cancel")
                return Show(page, question);
            // A filter may take lists that came after somebody said yes to a number.
            if (Confirmed.IsExceeded(form, question.Count ?? 0))
                return Show(page, question.Again("More lists have come since you were asked."));
        }
        if (!Titles.TryGetValue(verb, out var title))
            return null;
        var who = DashboardAccess.Describe(context);
        await actions.RunAsync(ActionEntry.AllLists, title, progress => SteerAsync(verb, filter, ids, who, progress));
        return PageActions.Go(context, page.To(["lists"], filter.Fields));
    }

    private static PageResult Show(PageContext page, ConfirmModel question) =>
        new(page, question.Title, Confirm.Create().With(page, question)) { Section = "lists" };

    private async Task<ConfirmModel> AskAsync(
        PageContext page, ListFilter filter, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var count = ids.Count > 0 ? ids.Count : (await search.ReadAllAsync(filter, cancellationToken)).Count;
        return new(
            "Cancel these lists?",
            [
                $"{Amount.Of(count, "open list")}.",
                "Inputs that were not posted end as cancelled. What was posted is paid for, so it is still collected. "
                    + "Then each list closes with its manifest.",
            ],
            page.To("bulk", "cancel"), $"Cancel {Amount.Of(count, "list")}", page.To(["lists"], filter.Fields),
            [.. ids.Select(id => ("list", (string?)id)), .. filter.Fields])
        {
            Count = count,
        };
    }

    private async Task<string> SteerAsync(
        string verb, ListFilter filter, IReadOnlyList<string> selected, string who, IProgress<BulkProgress> progress)
    {
        var ids = selected.Count > 0 ? selected : await search.ReadAllAsync(filter, CancellationToken.None);
        var (done, problems) = (0, new List<string>());
        for (var i = 0; i < ids.Count; i++)
        {
            try
            {
                await SteerAsync(verb, ids[i], who);
                done++;
            }
            // Such as a list that was closed in between: the others go on.
            catch (PipelineException problem) when (problem.IsPermanent)
            {
                problems.Add(problem.Message);
            }
            progress.Report(new(i + 1, ids.Count, "list", ""));
        }
        return $"{Amount.Of(done, "list")} done."
            + (problems.Count > 0 ? $" {Amount.Of(problems.Count, "list")} left as it was: {problems[0]}" : "");
    }

    private Task<ListEntry> SteerAsync(string verb, string listId, string who) => verb switch
    {
        "pause" => controls.PauseAsync(listId, who, CancellationToken.None),
        "resume" => controls.ResumeAsync(listId, who, CancellationToken.None),
        _ => controls.CancelAsync(listId, who, CancellationToken.None),
    };
}
