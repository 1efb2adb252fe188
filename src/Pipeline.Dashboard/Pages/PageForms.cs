using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Schedules;
using Pipeline.Dashboard.Pages.Views;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// Asks before actions and does them. Who may act, and that a form is our own, was checked before.
/// </summary>
internal sealed class PageForms(PageActions actions, SubmitForm submit, SchedulePages schedules, ListBulk lists)
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

    /// <summary>Acts; null if there is no such action.</summary>
    public async Task<IResult?> ActAsync(HttpContext context, PageContext page, string[] segments) => segments switch
    {
        ["lists", var listId, var verb] => await actions.ActAsync(context, page, listId, verb),
        ["bulk", var verb] => await lists.ActAsync(context, page, verb),
        ["schedules", "add"] => await schedules.AddAsync(context, page),
        ["schedules", var name, var verb] => await schedules.ActAsync(context, page, name, verb),
        ["submit", var verb] => await submit.ActAsync(context, page, verb),
        _ => null,
    };
}
