using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Schedules;
using Pipeline.Dashboard.Pages.Views;

namespace Pipeline.Dashboard.Pages;

/// <summary>Asks before actions, and does what forms ask for.</summary>
internal sealed class PageForms(
    DashboardAccess access, FormReader reader, PageActions actions, SubmitForm submit, SchedulePages schedules,
    ListBulk lists)
{
    /// <summary>Shows a form or a question; null if there is none at this path.</summary>
    public async Task<IResult?> AskAsync(HttpContext context, PageContext page, string[] segments) => segments switch
    {
        ["submit"] => submit.Ask(page),
        ["schedules"] => await schedules.ShowAsync(context, page),
        ["schedules", var name, var verb] => await schedules.AskAsync(context, page, name, verb),
        ["lists", var id, var verb] => await actions.AskAsync(context, page, id, verb),
        _ => null,
    };

    /// <summary>
    /// Does what a form asks for, if readers may act and one of our pages sent it; null if there is no such action.
    /// </summary>
    public async Task<IResult?> SendAsync(HttpContext context, PageContext page, string[] segments)
    {
        if (access.IsReadOnly)
            return PageRouter.Problem(page, StatusCodes.Status403Forbidden, "These pages only show",
                "Pipeline__Dashboard__ReadOnly is set, so nothing can be changed here.");
        return await reader.ReadAsync(context, SentList.MaxBytes) switch
        {
            FormFate.Own => await ActAsync(context, page, segments),
            FormFate.Old => AskAgain(context, page, segments),
            FormFate.TooLong when segments is ["submit", ..] or ["schedules", "add"] => PageRouter.Problem(
                page, StatusCodes.Status413PayloadTooLarge, "This list is too long for the form",
                $"The form takes at most {Show.Size(SentList.MaxBytes)}. Nothing was submitted. A longer list: "
                + "pipeline submit LIST"),
            FormFate.TooLong => PageRouter.Problem(
                page, StatusCodes.Status413PayloadTooLarge, "This form is too long",
                "Nothing was done. Select fewer rows, or set a filter and act on all of it."),
            _ => PageRouter.Problem(
                page, StatusCodes.Status400BadRequest, "Nothing was done",
                "This form was not sent from a page of this site. Open the page again and "
                + "repeat it. Behind a proxy, let it pass the Host header on, or set --callback-base to the public "
                + "address."),
        };
    }

    /// <summary>Shows what an old page asked for, to be sent again with the token of this session.</summary>
    private PageResult AskAgain(HttpContext context, PageContext page, string[] segments)
    {
        var form = context.Request.Form;
        if (segments is ["submit", ..])
            return submit.AskAgain(context, page);
        if (form.Files.Any(file => file.Length > 0))
            return PageRouter.Problem(
                page, StatusCodes.Status409Conflict, "Nothing was done",
                $"{SubmitForm.OldPage} Open it again, choose the file again, and repeat it.");
        var question = new ConfirmModel(
            "Do this now?",
            [$"You asked for: {Describe(segments)}.", SubmitForm.OldPage],
            page.To(segments), "Do it", page.To(segments[0] == "bulk" ? ["lists"] : segments[..1]),
            [.. form.Where(field => field.Key != DashboardAccess.FormField)
                .SelectMany(field => field.Value, (field, value) => (field.Key, value))]);
        return new(page, question.Title, Confirm.Create().With(page, question))
        {
            Status = StatusCodes.Status409Conflict,
        };
    }

    private static string Describe(string[] segments) => segments switch
    {
        ["lists", var id, var verb] => $"{Verb(verb)} list {id}",
        ["schedules", "add"] => "set a schedule",
        ["schedules", var name, var verb] => $"{Verb(verb)} schedule {name}",
        ["bulk", var verb] => $"{Verb(verb)} lists",
        _ => string.Join(' ', segments),
    };

    private static string Verb(string verb) => verb.Replace("confirm-", "", StringComparison.Ordinal) switch
    {
        "resubmit" => "post failures again of",
        "replay" => "replay failures of",
        "again" => "fetch again",
        var word => word,
    };

    private async Task<IResult?> ActAsync(HttpContext context, PageContext page, string[] segments) => segments switch
    {
        ["lists", var listId, var verb] => await actions.ActAsync(context, page, listId, verb),
        ["bulk", var verb] => await lists.ActAsync(context, page, verb),
        ["schedules", "add"] => await schedules.AddAsync(context, page),
        ["schedules", var name, var verb] => await schedules.ActAsync(context, page, name, verb),
        ["submit", var verb] => await submit.ActAsync(context, page, verb),
        _ => null,
    };
}
