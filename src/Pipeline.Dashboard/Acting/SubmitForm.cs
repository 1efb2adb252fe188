using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Pipeline.Dashboard.Access;
using Pipeline.Dashboard.Pages;
using Pipeline.Dashboard.Pages.Views;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Dashboard.Acting;

/// <summary>What the form shows.</summary>
/// <param name="Text">The text in its field.</param>
/// <param name="Checked">The list that was checked; null for none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Problem">Why it cannot be accepted; null for nothing.</param>
/// <param name="Price">The price of a URL; null if none is set.</param>
/// <param name="PerSubmission">Number of inputs of a submission.</param>
internal sealed record SubmitModel(
    string Text, ListInspection? Checked, string? Name, string? Problem, decimal? Price, int PerSubmission);

/// <summary>The form that submits a list. Checking it stores nothing and posts nothing.</summary>
internal sealed class SubmitForm(ListUploads uploads, IOptions<PipelineOptions> options)
{
    /// <summary>Shows the empty form; null for a reader who may not act.</summary>
    public PageResult? Ask(PageContext page) => page.CanAct ? Form(page, "", null, null, null) : null;

    /// <summary>Checks or submits what was sent; null if there is no such action.</summary>
    public async Task<IResult?> ActAsync(HttpContext context, PageContext page, string verb)
    {
        var form = context.Request.Form;
        var text = form["text"].ToString();
        var upload = form.Files["file"] is { Length: > 0 } file
            ? new Upload(Path.GetFileName(file.FileName), file.OpenReadStream)
            : new Upload(Name(form["name"]), () => new MemoryStream(Encoding.UTF8.GetBytes(text)));
        try
        {
            if (verb == "check")
                return Form(page, text, await uploads.InspectAsync(upload, context.RequestAborted), upload.Name, null);
            if (verb != "send")
                return null;
            var list = await uploads.SubmitAsync(upload, DashboardAccess.Describe(context), context.RequestAborted);
            context.Response.Headers.Location = page.ToList(list.ListId);
            return Results.StatusCode(StatusCodes.Status303SeeOther);
        }
        catch (PipelineException problem)
        {
            return Form(page, text, null, upload.Name, problem);
        }
    }

    private PageResult Form(
        PageContext page, string text, ListInspection? list, string? name, PipelineException? problem)
    {
        var message = problem is null ? null : string.Join(" ", [problem.Summary, .. problem.Details]);
        var model = new SubmitModel(
            text, list, name, message, options.Value.Nimble.PricePerUrl, options.Value.Intake.MaxInputsPerSubmission);
        return new(page, "Submit a list", SubmitPage.Create().With(page, model))
        {
            Section = "submit",
            Status = problem is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
        };
    }

    private static string Name(string? given) => string.IsNullOrWhiteSpace(given) ? "dashboard" : given.Trim();
}
