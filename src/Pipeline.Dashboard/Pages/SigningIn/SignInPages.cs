using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages.Views;

namespace Pipeline.Dashboard.Pages.SigningIn;

/// <summary>What the page that asks for the key shows.</summary>
/// <param name="To">
/// The page to show afterwards, below <see cref="DashboardPlace.BasePath"/>; empty for the overview.
/// </param>
/// <param name="Problem">Why the key is asked for again; null at first.</param>
internal sealed record SignInModel(string To, string? Problem);

/// <summary>
/// Asks for the key, and then shows the page that was asked for. Ends a session when its holder signs out.
/// </summary>
internal sealed class SignInPages(
    PageContexts contexts, DashboardAccess access, FormReader forms, DashboardPlace place)
{
    // Of somebody who has not given the key.
    private const long MaxForm = 16 << 10;

    /// <summary>Asks for the key in the place of what was asked for.</summary>
    public IResult Interrupt(HttpContext context)
    {
        var isForm = HttpMethods.IsPost(context.Request.Method);
        return Ask(
            context, isForm ? PageOfForm(context) : Below(context.Request.Path + context.Request.QueryString),
            isForm ? "Your session has ended, so nothing was done. Sign in, and do it again." : null);
    }

    /// <summary>Answers at the address of this page.</summary>
    public async Task<IResult> SignInAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
            return access.Decide(context) == AccessDecision.Granted
                ? Results.Redirect(AddressOf(""))
                : Ask(context, "", null);
        var fate = await forms.ReadAsync(context, MaxForm);
        var to = fate is FormFate.Own or FormFate.Old ? context.Request.Form["to"].ToString() : "";
        // Such as a reader who has signed in in another window since.
        if (fate == FormFate.Old && access.Decide(context) == AccessDecision.Granted)
            return Results.Redirect(AddressOf(to));
        if (fate != FormFate.Own)
            return Ask(context, to, "This page was too old. Give the key again.");
        var key = context.Request.Form["key"];
        return access.SignIn(context, key) switch
        {
            true => Results.Redirect(AddressOf(to)),
            false => Ask(context, to, "This is not the key."),
            null => Ask(context, to, "Too many wrong keys. Try again in a minute."),
        };
    }

    /// <summary>Ends the session of this browser.</summary>
    public async Task<IResult> SignOutAsync(HttpContext context)
    {
        if (await forms.ReadAsync(context, MaxForm) is FormFate.Own or FormFate.Old)
            access.SignOut(context);
        return Results.Redirect(AddressOf(""));
    }

    private PageResult Ask(HttpContext context, string to, string? problem)
    {
        var page = contexts.ForStranger(context);
        return new(page, "Sign in", SignIn.Create().With(page, new SignInModel(to, problem)))
        {
            Status = StatusCodes.Status401Unauthorized,
        };
    }

    /// <summary>The page that a form was on, which the browser names.</summary>
    private string PageOfForm(HttpContext context) =>
        Uri.TryCreate(context.Request.Headers.Referer, UriKind.Absolute, out var from)
            ? Below(from.PathAndQuery)
            : "";

    private string Below(string path) =>
        path.StartsWith(place.BasePath, StringComparison.Ordinal) ? path[place.BasePath.Length..] : "";

    // An address that begins with two slashes, of either kind, is that of another site.
    private string AddressOf(string to)
    {
        var path = to.TrimStart('/', '\\');
        return place.BasePath + (path.All(c => char.IsAscii(c) && !char.IsControl(c)) ? path : "");
    }
}
