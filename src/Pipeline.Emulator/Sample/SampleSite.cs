using System.Text;

namespace Pipeline.Emulator.Sample;

/// <summary>
/// A small site to try the pipeline on: a shop, an encyclopedia and a newsroom of a fictional island. It has what makes
/// real sites hard: scripts, charsets, redirects, large and slow pages. The emulator serves it under <c>/sample</c>;
/// its host name is <c>sample.test</c>, whatever the port.
/// </summary>
internal static class SampleSite
{
    private const string Host = "http://sample.test/sample/";

    private static readonly SamplePage[] Pages =
    [
        new("shop/kettle", "A product: JSON-LD, a specification table, nested lists") { File = "kettle.html" },
        new("shop/teas", "A price list: a table with spans, a next page") { File = "teas.html" },
        new("encyclopedia/tides", "An article: headings, formulas, code, definitions, notes") { File = "tides.html" },
        new("encyclopedia/astrolabe", "Arabic, right to left") { File = "astrolabe.html" },
        new(
            "encyclopedia/harbour", "Japanese in Shift_JIS, declared only in a meta element",
            "text/html") { File = "harbour.html", Charset = "shift_jis" },
        new("encyclopedia/antikythera", "Greek, and a guest book full of emoji") { File = "antikythera.html" },
        new(
            "news/ferry",
            "A news article: valid and broken JSON-LD, a lazy image, hidden parts") { File = "ferry.html" },
        new(
            "news/port", "Russian in windows-1251, declared only in the header",
            "text/html; charset=windows-1251") { File = "port.html", Charset = "windows-1251" },
        new("news/archive", "A large page, about 2 MB") { Body = () => GeneratedPage.Build(1871, 2_000_000) },
        new("news/missing", "A missing page: 404") { File = "missing.html", Status = StatusCodes.Status404NotFound },
        new("old/kettle", "An old address that redirects") { RedirectsTo = "/sample/shop/kettle" },
        new("slow", "A page that takes two seconds") { File = "slow.html", Delay = TimeSpan.FromSeconds(2) },
        new("data/tides.txt", "Plain text", "text/plain; charset=utf-8") { File = "tides.txt" },
        new("data/stations.json", "A JSON document", "application/json") { File = "stations.json" },
        new("style.css", "", "text/css") { File = "style.css", IsListed = false },
        new("images/kettle.svg", "", "image/svg+xml") { File = "kettle.svg", IsListed = false },
    ];

    /// <summary>The URLs of the listed pages, with the host name <c>sample.test</c>.</summary>
    public static IReadOnlyList<string> Urls { get; } = [.. Pages.Where(p => p.IsListed).Select(p => Host + p.Path)];

    /// <summary>
    /// Serves the site, and generated pages for any number n under <c>/sample/generated/{n}?bytes=N</c>, N bytes long
    /// (30,000 by default).
    /// </summary>
    public static void MapSampleSite(this IEndpointRouteBuilder app)
    {
        foreach (var page in Pages)
            app.MapGet($"/sample/{page.Path}", page.SendAsync);
        app.MapGet("/sample/generated/{n:long}", GeneratedPage.SendAsync);
        var index = Index();
        app.MapGet("/sample/", () => Results.Content(index, "text/html; charset=utf-8"));
    }

    private static string Index()
    {
        var html = new StringBuilder("""
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>Sample site</title>
            <link rel="stylesheet" href="/sample/style.css"></head>
            <body>
            <main>
            <h1>Sample site</h1>
            <p>Pages to try a web-extraction pipeline on. Halden &amp; Rook, Lumen and The Harbour Post
            exist only here.</p>
            <ul>

            """);
        foreach (var page in Pages.Where(p => p.IsListed))
            html.Append($"<li><a href=\"/sample/{page.Path}\">{page.Path}</a>: {page.About}</li>\n");
        html.Append("""
            <li><a href="/sample/generated/1">generated/1</a>,
            <a href="/sample/generated/2?bytes=100000">generated/2?bytes=100000</a>, ...: as many pages as you like</li>
            </ul>
            </main>
            </body>
            </html>

            """);
        return html.ToString();
    }
}
