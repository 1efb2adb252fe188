using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Reports;
using RazorSlices;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// Answers every request for a page, in every host: first who asks, then what. Reading is GET, acting is POST.
/// </summary>
internal sealed class PageRouter(
    DashboardPlace place, DashboardAccess access, EventStream events, PageReader reader, PageActions actions,
    OverviewReporter overview, TimeProvider time)
{
    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">Its path below <see cref="DashboardPlace.BasePath"/>.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string path)
    {
        PageHeaders.Protect(context.Response.Headers);
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments is ["assets", var name])
            return Assets.Serve(context, name) ?? NotFound(Stranger(context));
        var decision = access.Decide(context);
        if (decision == AccessDecision.OnlyThisMachine)
            return Problem(Stranger(context), StatusCodes.Status403Forbidden, "Only this machine may see this",
                "No key is set, so these pages answer only requests from the machine that they run on, to localhost. "
                + "To open them to others, set Pipeline__Dashboard__Key and start again.");
        if (segments is ["sign-in"])
            return await SignInAsync(context);
        if (decision == AccessDecision.KeyNeeded)
            return SignInPage(context, null);
        var page = new PageContext(
            place, time.GetUtcNow(), overview.Source, !access.IsReadOnly, access.FormToken(context));
        if (segments is ["events"])
            return events.Open(context);
        return HttpMethods.IsPost(context.Request.Method)
            ? await ActAsync(context, page, segments)
            : await reader.ShowAsync(context, page, segments) ?? NotFound(page);
    }

    /// <summary>A page that says what went wrong, and what to do.</summary>
    public static PageResult Problem(PageContext page, int status, string title, string text) =>
        new(page, title, Message.Create().With(page, new MessageModel(title, text))) { Status = status };

    private async Task<IResult> ActAsync(HttpContext context, PageContext page, string[] segments)
    {
        if (access.IsReadOnly)
            return Problem(page, StatusCodes.Status403Forbidden, "These pages only show",
                "Pipeline__Dashboard__ReadOnly is set, so nothing can be changed here.");
        if (!await IsOwnFormAsync(context))
            return Problem(page, StatusCodes.Status400BadRequest, "Nothing was done",
                "This form was not sent from a current page of this site. Open the page again and repeat it. Behind a "
                + "proxy, let it pass the Host header on, or set --callback-base to the public address.");
        return segments is ["lists", var listId, var verb]
            ? await actions.ActAsync(context, page, listId, verb) ?? NotFound(page)
            : NotFound(page);
    }

    private async Task<IResult> SignInAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
            return access.Decide(context) == AccessDecision.Granted
                ? Results.Redirect(place.BasePath)
                : SignInPage(context, null);
        if (!await IsOwnFormAsync(context))
            return SignInPage(context, "This page was too old. Give the key again.");
        return access.SignIn(context, context.Request.Form["key"]) switch
        {
            true => Results.Redirect(place.BasePath),
            false => SignInPage(context, "This is not the key."),
            null => SignInPage(context, "Too many wrong keys. Try again in a minute."),
        };
    }

    private PageResult SignInPage(HttpContext context, string? problem)
    {
        var page = Stranger(context);
        return new(page, "Sign in", SignIn.Create().With(page, problem)) { Status = StatusCodes.Status401Unauthorized };
    }

    private async Task<bool> IsOwnFormAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || !access.IsOwnOrigin(context.Request))
            return false;
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        return access.IsOwnForm(context, form[DashboardAccess.FormField]);
    }

    private static PageResult NotFound(PageContext page) =>
        Problem(page, StatusCodes.Status404NotFound, "There is no such page",
            "The address is not one of this site. Lists, submissions and inputs are found by their ids: use the search.");

    private PageContext Stranger(HttpContext context) =>
        new(place, time.GetUtcNow(), null, false, access.FormToken(context));
}
