using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Pipeline.Dashboard.Pages.Views;
using RazorSlices;

namespace Pipeline.Dashboard.Pages;

/// <summary>
/// A page as an answer. With <c>?part=main</c> it is the content alone, with an ETag of it: a page that keeps itself
/// current asks for that, and mostly hears that nothing has changed.
/// </summary>
/// <param name="page">The request that it answers.</param>
/// <param name="title">Title of the window.</param>
/// <param name="content">The content.</param>
internal sealed class PageResult(PageContext page, string title, RazorSlice content) : IResult
{
    // Letters of every script as they are: a page of Greek names is a third of the size. Markup is encoded.
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>The entry of the navigation that it belongs to.</summary>
    public string? Section { get; init; }

    /// <summary>The HTTP status.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>Whether it keeps itself current.</summary>
    public bool IsLive { get; init; }

    /// <summary>
    /// When what it shows was read, UTC: an overview that took long to read is shown again for a while.
    /// </summary>
    public DateTimeOffset ReadAt { get; init; } = page.Now;

    /// <summary>What was searched for.</summary>
    public string? Query { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        var text = await RenderAsync(content, httpContext);
        response.StatusCode = Status;
        response.ContentType = "text/html; charset=utf-8";
        var updated = string.Create(CultureInfo.InvariantCulture, $"{ReadAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        response.Headers["X-Updated"] = updated;
        if (!IsLive || request.Query["part"] != "main")
        {
            var layout = Layout.Create().With(page, new LayoutModel(title, Section, text, updated, IsLive, Query));
            await response.WriteAsync(await RenderAsync(layout, httpContext), httpContext.RequestAborted);
            return;
        }

        var etag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32]}\"";
        response.Headers.ETag = etag;
        if (request.Headers.IfNoneMatch == etag)
            response.StatusCode = StatusCodes.Status304NotModified;
        else
            await response.WriteAsync(text, httpContext.RequestAborted);
    }

    private static async Task<string> RenderAsync(RazorSlice slice, HttpContext context)
    {
        await using var writer = new StringWriter(CultureInfo.InvariantCulture);
        await slice.RenderAsync(writer, Encoder, context.RequestAborted);
        return writer.ToString();
    }
}
