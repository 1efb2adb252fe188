using System.Text;

namespace Pipeline.Emulator.Sample;

/// <summary>
/// Generates pages for load tests. A number and a length always give the same page; other numbers give other pages.
/// Pages are assembled from paragraphs that are made once, so that thousands a second cost little.
/// </summary>
internal static class GeneratedPage
{
    /// <summary>The shortest page, in bytes.</summary>
    public const int MinBytes = 2_000;

    /// <summary>The longest page, in bytes.</summary>
    public const int MaxBytes = 32 << 20;

    private const int DefaultBytes = 30_000;
    private const int ParagraphCount = 251;

    private static readonly byte[] Foot =
        "\n</main>\n<footer>The Harbour Post, founded 1871</footer>\n</body>\n</html>\n"u8.ToArray();
    private static readonly byte[][] Paragraphs = [.. Enumerable.Range(0, ParagraphCount).Select(Paragraph)];

    /// <summary>Answers <c>/sample/generated/{n}?bytes=N</c>.</summary>
    public static async Task SendAsync(HttpContext context, long n, int? bytes)
    {
        var page = Build(n, Math.Clamp(bytes ?? DefaultBytes, MinBytes, MaxBytes));
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = page.Length;
        await context.Response.Body.WriteAsync(page, context.RequestAborted);
    }

    /// <summary>Builds page <paramref name="n"/>, exactly <paramref name="bytes"/> long.</summary>
    public static byte[] Build(long n, int bytes)
    {
        var page = new byte[bytes];
        var at = Encoding.UTF8.GetBytes(Head(n), page);
        var end = bytes - Foot.Length;
        for (var i = 0; at < end; i++)
        {
            // The number of paragraphs is prime, so any stride reaches all of them. It differs from page to page.
            var stride = 1 + (int)((ulong)n % (ParagraphCount - 1));
            var paragraph = Paragraphs[(int)(((ulong)n + ((ulong)i * (ulong)stride)) % ParagraphCount)];
            if (paragraph.Length <= end - at)
            {
                paragraph.CopyTo(page, at);
                at += paragraph.Length;
                continue;
            }

            page.AsSpan(at, end - at).Fill((byte)' ');
            at = end;
        }

        Foot.CopyTo(page, end);
        return page;
    }

    private static string Head(long n) => $$"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>Dispatch {{n}} | The Harbour Post</title>
        <meta name="description" content="Dispatch {{n}} from the harbour office.">
        <link rel="canonical" href="http://sample.test/sample/generated/{{n}}">
        <link rel="stylesheet" href="/sample/style.css">
        <script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle",
        "headline":"Dispatch {{n}}","identifier":{{n}}}</script>
        </head>
        <body>
        <header><nav><a href="/sample/">Sample site</a>
        <a rel="next" href="/sample/generated/{{unchecked(n + 1)}}">Dispatch {{unchecked(n + 1)}}</a></nav></header>
        <main>
        <h1>Dispatch {{n}}</h1>
        <table><tr><th>Berth</th><th>Ships</th><th>Cargo (t)</th></tr>
        <tr><td>North Quay</td><td>{{(ulong)n % 17}}</td><td>{{(ulong)n * 37 % 9973}}</td></tr>
        <tr><td>Mole</td><td>{{(ulong)n % 11}}</td><td>{{(ulong)n * 53 % 7919}}</td></tr></table>

        """;

    private static byte[] Paragraph(int index)
    {
        string[] who =
        [
            "The pilot",
            "A deckhand of the Orrin Star",
            "The harbour master",
            "Nobody on the quay",
            "The clerk of weights",
            "A passing schooner",
            "The lighthouse keeper",
            "Captain Brandt",
        ];
        string[] did =
        [
            "reported",
            "entered in the log",
            "asked for",
            "weighed and returned",
            "could not account for",
            "signed for",
            "sighted from the mole",
            "paid duty on",
        ];
        string[] what =
        [
            "forty chests of Keemun",
            "a copper kettle",
            "two barrels of tar",
            "an astrolabe without its rule",
            "the tide tables for spring",
            "a crate of lemons & salt",
            "seven coils of hemp rope",
            "a piano, slightly damp",
        ];
        string[] when =
        [
            "at slack water",
            "before the second bell",
            "in a light south-westerly",
            "an hour after high water",
            "under a falling glass",
            "while the ferry waited off the bar",
            "on the morning ebb",
            "at dusk",
        ];
        var random = new Random(index);
        string Pick(string[] words) => words[random.Next(words.Length)];
        var text = new StringBuilder(index % 9 == 0 ? $"<h2>Entry {index}</h2>\n<p>" : "<p>");
        for (var sentence = 3 + random.Next(5); sentence > 0; sentence--)
            text.Append(
                $"{Pick(who)} {Pick(did)} <a "
                    + $"href=\"/sample/generated/{random.Next(100_000)}\">"
                    + $"{Pick(what).Replace("&", "&amp;", StringComparison.Ordinal)}</a> {Pick(when)}, note "
                    + $"{random.Next(1_000_000)}. ");
        return Encoding.UTF8.GetBytes(text.Append("</p>\n").ToString());
    }
}
