using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Acting;
using Pipeline.Dashboard.Pages.Views;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// Answers every request for a page, in every host: first who asks, then what. Reading is GET, acting is POST.
/// </summary>
internal sealed class PageRouter(
    PageContexts contexts, DashboardAccess access, EventStream events, PageReader reader, PageForms forms)
{
    // Of somebody who has not given the key.
    private const long MaxSignIn = 16 << 10;

    // The text field of the form for lists; a longer list is a file.
    private const int MaxField = 16 << 20;

    // What surrounds a file in a form: names and small fields.
    private const long FormParts = 64 << 10;

    // How much of a body is read, to tell a browser that it is too long.
    private const long MaxRead = 512 << 20;

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">Its path below <see cref="DashboardPlace.BasePath"/>.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string path)
    {
        PageHeaders.Protect(context.Response.Headers);
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments is ["assets", var name])
            return Assets.Serve(context, name) ?? NotFound(contexts.ForStranger(context));
        var decision = access.Decide(context);
        if (decision == AccessDecision.OnlyThisMachine)
            return Problem(contexts.ForStranger(context), StatusCodes.Status403Forbidden,
                "Only this machine may see this",
                "No key is set, so these pages answer only requests from the machine that they run on, to localhost. "
                + "To open them to others, set Pipeline__Dashboard__Key and start again.");
        if (segments is ["sign-in"])
            return await SignInAsync(context);
        if (decision == AccessDecision.KeyNeeded)
            return SignInPage(context, null);
        if (segments is ["events"])
            return events.Open(context);
        var page = contexts.ForReader(context);
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
        var form = await ReadFormAsync(context, SentList.MaxBytes);
        if (form == FormFate.TooLong)
            return Problem(page, StatusCodes.Status413PayloadTooLarge, "This list is too long for the form",
                $"The form takes at most {Show.Size(SentList.MaxBytes)}. Nothing was submitted. A longer list: "
                + "pipeline submit LIST");
        if (form != FormFate.Own)
            return Problem(page, StatusCodes.Status400BadRequest, "Nothing was done",
                "This form was not sent from a current page of this site. Open the page again and "
                + "repeat it. Behind a proxy, let it pass the Host header on, or set --callback-base to the public "
                + "address.");
        return await forms.ActAsync(context, page, segments) ?? NotFound(page);
    }

    private async Task<IResult> SignInAsync(HttpContext context)
    {
        var home = contexts.ForStranger(context).Place.BasePath;
        if (!HttpMethods.IsPost(context.Request.Method))
            return access.Decide(context) == AccessDecision.Granted
                ? Results.Redirect(home)
                : SignInPage(context, null);
        if (await ReadFormAsync(context, MaxSignIn) != FormFate.Own)
            return SignInPage(context, "This page was too old. Give the key again.");
        return access.SignIn(context, context.Request.Form["key"]) switch
        {
            true => Results.Redirect(home),
            false => SignInPage(context, "This is not the key."),
            null => SignInPage(context, "Too many wrong keys. Try again in a minute."),
        };
    }

    private PageResult SignInPage(HttpContext context, string? problem)
    {
        var page = contexts.ForStranger(context);
        return new(page, "Sign in", SignIn.Create().With(page, problem)) { Status = StatusCodes.Status401Unauthorized };
    }

    private async Task<FormFate> ReadFormAsync(HttpContext context, long maxBytes)
    {
        var request = context.Request;
        if (!request.HasFormContentType || !access.IsOwnOrigin(request))
            return FormFate.Foreign;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = MaxRead;
        if (request.ContentLength > maxBytes + FormParts)
            return await RefuseAsync(context);
        var limits = new FormOptions
        {
            MultipartBodyLengthLimit = maxBytes, ValueLengthLimit = (int)Math.Min(MaxField, maxBytes),
        };
        try
        {
            var form = await request.ReadFormAsync(limits, context.RequestAborted);
            return access.IsOwnForm(context, form[DashboardAccess.FormField]) ? FormFate.Own : FormFate.Foreign;
        }
        catch (BadHttpRequestException error)
        {
            return error.StatusCode == StatusCodes.Status413PayloadTooLarge ? FormFate.TooLong : FormFate.Foreign;
        }
        catch (InvalidDataException error)
        {
            // The framework has no other sign for what is beyond a limit.
            return error.Message.Contains("limit", StringComparison.Ordinal)
                ? await RefuseAsync(context)
                : FormFate.Foreign;
        }
    }

    /// <summary>
    /// Reads the rest of a body that is too long, within bounds: a browser that is cut off while it sends shows no
    /// answer.
    /// </summary>
    private static async Task<FormFate> RefuseAsync(HttpContext context)
    {
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        }
        catch (Exception error) when (error is BadHttpRequestException or IOException)
        {
            // It is longer than anybody reads.
        }

        return FormFate.TooLong;
    }

    /// <summary>What is known of a form that was sent.</summary>
    private enum FormFate
    {
        /// <summary>One of our own pages sent it.</summary>
        Own,

        /// <summary>It is not known to be our own.</summary>
        Foreign,

        /// <summary>It is longer than we take.</summary>
        TooLong,
    }

    private static PageResult NotFound(PageContext page) =>
        Problem(page, StatusCodes.Status404NotFound, "There is no such page",
            "The address is not one of this site. Lists, submissions and inputs are found by their ids: use the "
            + "search.");
}
