using System.Text.Encodings.Web;
using System.Text.Unicode;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Overview;

/// <summary>
/// The emulator's page at <c>/</c>, and its resources below <c>/_admin/page</c>. The emulated API has nothing there.
/// </summary>
internal sealed class OverviewEndpoints(
    CallerAccess access, OverviewReader reader, RequestCounts requests, FaultInjector faults, ObjectViewer objects)
{
    private const long MaxFormBytes = 64 << 10;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/", context => GuardAsync(context, () => ShowAsync(context)));
        app.MapPost("/_admin/page/faults", context => GuardAsync(context, () => ChangeAsync(context)));
        app.MapGet("/_admin/page/object", context => GuardAsync(context, () => objects.ShowAsync(context)));
        app.MapGet("/_admin/page/style.css", context => SendAsync(context, "dashboard.css", "text/css; charset=utf-8"));
        app.MapGet(
            "/_admin/page/page.js", context => SendAsync(context, "dashboard.js", "text/javascript; charset=utf-8"));
        app.MapGet("/_admin/page/icon.svg", context => SendAsync(context, "icon.svg", "image/svg+xml"));
    }

    private async Task ShowAsync(HttpContext context, string? problem = null)
    {
        var model = reader.Read($"{context.Request.Scheme}://{context.Request.Host}", requests.All);
        // A page that updates itself requests only its content.
        var page = context.Request.Query["part"] == "main" ? Sections.Create() : OverviewPage.Create();
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers["X-Updated"] = Show.Time(model.Now);
        await using var writer = new StringWriter();
        await page.With(model with { Problem = problem }).RenderAsync(writer, Encoder, context.RequestAborted);
        await context.Response.WriteAsync(writer.ToString(), context.RequestAborted);
    }

    /// <summary>Switches one fault on or off, and shows the page again.</summary>
    private async Task ChangeAsync(HttpContext context)
    {
        if (!CallerAccess.IsFromOwnPage(context.Request))
        {
            await RefuseAsync(context, 403, "Only the emulator's own page may send this form. Open / and try again.");
            return;
        }
        if (context.Request.ContentLength is null or > MaxFormBytes || !context.Request.HasFormContentType)
        {
            await RefuseAsync(context, 400, "Send the form of the emulator's page.");
            return;
        }
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        try
        {
            Change(form);
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = "/#active";
        }
        catch (FormatException error)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await ShowAsync(context, error.Message);
        }
    }

    private void Change(IFormCollection form)
    {
        var name = form["name"].ToString();
        if (form["switch"] == "all-off")
        {
            faults.Replace(FaultSet.None);
            return;
        }
        var word = form["word"].ToString();
        var value = form["value"].ToString().Trim() is { Length: > 0 } given ? given : "always";
        // Parsed even to switch a fault off, so that an unknown name is an error either way.
        var isOff = form["switch"] == "off" && FaultCatalog.ByName.ContainsKey(name);
        var fault = isOff
            ? null
            : FaultSet.FromPairs([(name, word.Length > 0 ? $"{word}@{value}" : value)]).Faults[name];
        faults.Set(name, fault);
    }

    private async Task GuardAsync(HttpContext context, Func<Task> handle)
    {
        PageHeaders.Protect(context.Response.Headers);
        if (access.IsAllowed(context))
        {
            await handle();
            return;
        }
        if (!access.TakesKey)
        {
            await RefuseAsync(
                context, 403, "This page is open to this machine only. With --api-key, others may give the key.");
            return;
        }
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"Emulator: the API key is the password\"";
        await RefuseAsync(context, 401, "Give the emulator's API key as the password; any user name will do.");
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }

    private static async Task SendAsync(HttpContext context, string name, string type)
    {
        PageHeaders.Protect(context.Response.Headers);
        context.Response.ContentType = type;
        await using var file = typeof(OverviewEndpoints).Assembly.GetManifestResourceStream($"Overview.{name}")!;
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
