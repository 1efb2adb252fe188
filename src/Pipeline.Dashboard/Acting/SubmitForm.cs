using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Intake;
using Pipeline.Intake.Sending;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Dashboard.Acting;

/// <summary>What the form shows.</summary>
/// <param name="Text">The text in its field.</param>
/// <param name="UrlColumn">The name in the field for the URL column.</param>
/// <param name="Checked">The list that was checked; null for none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Problem">Why it cannot be accepted; null for nothing.</param>
/// <param name="Price">The price of a URL; null if none is set.</param>
/// <param name="PerSubmission">Number of inputs of a submission.</param>
internal sealed record SubmitModel(
    string Text, string? UrlColumn, ListInspection? Checked, string? Name, string? Problem, decimal? Price,
    int PerSubmission);

/// <summary>The form that submits a list. Checking it stores nothing and posts nothing.</summary>
internal sealed class SubmitForm(ListSender sender, IOptions<PipelineOptions> options)
{
    /// <summary>Why a form of an earlier session is asked for again.</summary>
    public const string OldPage =
        "Nothing was done yet, because that page was opened before you signed in again or the server restarted.";

    /// <summary>Shows the empty form; null for a reader who may not act.</summary>
    public PageResult? Ask(PageContext page) => page.CanAct ? Form(page, "", null, null, null) : null;

    /// <summary>Shows the form with what an old page sent; a browser must choose a file once more.</summary>
    public PageResult AskAgain(HttpContext context, PageContext page)
    {
        var form = context.Request.Form;
        var file = form.Files.Any(file => file.Length > 0) ? " Choose the file again." : "";
        return Form(
            page, form["text"].ToString(), SentList.Read(form).Label, null,
            PipelineException.Permanent(FailureReasons.InvalidInput, $"{OldPage}{file} Then send it."));
    }

    /// <summary>Checks or submits what was sent; null if there is no such action.</summary>
    public async Task<IResult?> ActAsync(HttpContext context, PageContext page, string verb)
    {
        if (verb is not ("check" or "send") || page.Place.ListFolder is not { } folder)
            return null;
        var (stop, text) = (context.RequestAborted, context.Request.Form["text"].ToString());
        var list = SentList.Read(context.Request.Form);
        try
        {
            var ready = await sender.CheckAsync(list, stop);
            if (verb == "check")
                return Form(page, text, list.Label, ready.Inspection, null);
            ready = ready with { List = ready.List.Named(ready.Inspection.Name) };
            var sent = await sender.SendAsync(ready, folder, DashboardAccess.Describe(context), stop);
            context.Response.Headers.Location = page.ToList(sent.ListId);
            return Results.StatusCode(StatusCodes.Status303SeeOther);
        }
        catch (PipelineException problem)
        {
            return Form(page, text, list.Label, null, problem);
        }
    }

    private PageResult Form(
        PageContext page, string text, ListLabel? label, ListInspection? list, PipelineException? problem)
    {
        var message = problem is null ? null : SentList.Describe(problem);
        var model = new SubmitModel(
            text, label?.UrlColumn, list, label?.Name, message, options.Value.Nimble.PricePerUrl,
            options.Value.Intake.MaxInputsPerSubmission);
        return new(page, "Submit a list", SubmitPage.Create().With(page, model))
        {
            Section = "submit",
            Status = problem is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
        };
    }
}
