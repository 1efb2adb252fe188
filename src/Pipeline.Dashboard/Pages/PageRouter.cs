using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages.SigningIn;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Model;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// Answers every request for a page, in every host: first who asks, then what. Reading is GET, acting is POST.
/// </summary>
internal sealed partial class PageRouter(
    PageContexts contexts, DashboardAccess access, SignInPages signIn, EventStream events, PageReader reader,
    PageForms forms, ILogger<PageRouter> logger)
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(5);

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
            return await signIn.SignInAsync(context);
        if (decision == AccessDecision.KeyNeeded)
            return signIn.Interrupt(context);
        if (segments is ["sign-out"] && HttpMethods.IsPost(context.Request.Method))
            return await signIn.SignOutAsync(context);
        if (segments is ["events"])
            return events.Open(context);
        return await AnswerReaderAsync(context, contexts.ForReader(context), segments);
    }

    /// <summary>A page that says what went wrong, and what to do.</summary>
    public static PageResult Problem(PageContext page, int status, string title, string text) =>
        new(page, title, Message.Create().With(page, new MessageModel(title, text))) { Status = status };

    /// <summary>Answers somebody who may see everything. Whatever fails is said on a page.</summary>
    private async Task<IResult> AnswerReaderAsync(HttpContext context, PageContext page, string[] segments)
    {
        try
        {
            var answer = HttpMethods.IsPost(context.Request.Method)
                ? await forms.SendAsync(context, page, segments)
                : await reader.ShowAsync(context, page, segments);
            return answer ?? await reader.ShowAbsentAsync(context, page, segments) ?? NotFound(page);
        }
        catch (PipelineException problem)
        {
            return Failed(context, page, problem);
        }
        catch (Exception error) when (!context.RequestAborted.IsCancellationRequested)
        {
            LogFailed(context.Request.Path, error);
            return Problem(page, StatusCodes.Status500InternalServerError, "This page failed",
                "That is a fault of this program. The log of this process says more; its work goes on. See also: "
                + "pipeline status");
        }
    }

    /// <summary>Says that something cannot be read or done, and when to try again.</summary>
    private static PageResult Failed(HttpContext context, PageContext page, PipelineException problem)
    {
        var acts = HttpMethods.IsPost(context.Request.Method);
        if (problem.IsPermanent)
            return Problem(
                page, StatusCodes.Status409Conflict, acts ? "Nothing was done" : "This cannot be shown",
                problem.Message);
        var seconds = Math.Ceiling((problem.RetryAfter ?? DefaultWait).TotalSeconds);
        context.Response.Headers.RetryAfter = seconds.ToString("0", CultureInfo.InvariantCulture);
        return Problem(
            page, StatusCodes.Status503ServiceUnavailable,
            acts ? "This could not be done now" : "This cannot be shown now",
            $"{problem.Message} {(acts ? "Do it again" : "Load this page again")} in {Show.Number((long)seconds)} s.");
    }

    private static PageResult NotFound(PageContext page) =>
        Problem(page, StatusCodes.Status404NotFound, "There is no such page",
            "The address is not one of this site. Lists, submissions and inputs are found by their ids: use the "
            + "search.");

    [LoggerMessage(Level = LogLevel.Error, Message = "The page {Path} failed.")]
    private partial void LogFailed(PathString path, Exception error);
}
