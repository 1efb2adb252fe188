using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Benchmarks;

/// <summary>
/// Generates gzipped result documents that resemble real pages; the same number gives the same document. Sizes are
/// log-normal with a median of 150 KB. The documents compress about 5:1, as real pages do, and escape only what JSON
/// requires (quotes, line breaks).
/// </summary>
internal static class Corpus
{
    private const double MedianBytes = 150_000;

    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
    private static readonly string[] Words = MakeWords();
    private static readonly string[] Classes =
    [
        "card",
        "card__title",
        "price price--sale",
        "rating",
        "breadcrumb",
        "btn btn-primary",
        "col-md-4 col-sm-6",
        "media-body",
    ];

    /// <summary>Writes one document; memory does not depend on its size.</summary>
    /// <param name="stored">Receives the gzipped document; stays open.</param>
    /// <param name="n">Number of the document.</param>
    /// <param name="bytes">Approximate size before gzip, bytes; null derives it from the number.</param>
    public static void Write(Stream stored, int n, long? bytes = null)
    {
        using var gzip = new GZipStream(stored, CompressionLevel.Optimal, leaveOpen: true);
        var random = new Random(n);
        var size = bytes ?? Size(random);
        var section = new StringBuilder();
        gzip.Write(
            Encoding.UTF8.GetBytes(
                """{"url":"https://www.example."""
                    + $$"""com/{{n}}","task_id":"00000000-0000-4000-8000-{{n:D12}}","status":"success","data":"""
                    + $$"""{"html":{{'"'}}"""));
        Head(section, n);
        for (long written = 0; written < size; Section(section, random))
        {
            var html = Encoding.UTF8.GetBytes(Encoder.Encode(section.ToString()));
            gzip.Write(html);
            written += html.Length;
            section.Clear();
        }

        gzip.Write(Encoding.UTF8.GetBytes(
            """<\/html>","parsing":"""
                + $$"""{"title":"Page {{n}}","price":{{n % 997}}."""
                + $$"""50,"tags":{{JsonSerializer.Serialize(Words[..5])}} } },"metadata":"""
                + """{"query_time":"2026-01-24T12:36:24.685Z","query_duration":"""
                + """1877,"driver":"vx6","country":"US"},"status_code":200}"""));
    }

    private static long Size(Random random)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (long)(MedianBytes * Math.Exp(1.04 * normal));
    }

    private static void Head(StringBuilder html, int n) => html.Append(
        $$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Page {{n}}</title>
        <script type="application/ld+json">{"@context":"https://schema.org","@type":"Product","sku":"{{n}}",
        "offers":[{"price":"19.90","priceCurrency":"EUR"}]}</script>
        <link rel="stylesheet" href="/assets/site.css?v={{n % 7}}"></head>

        """);

    private static void Section(StringBuilder html, Random random)
    {
        var kind = Classes[random.Next(Classes.Length)];
        html.Append("  <div class=\"").Append(kind).Append("\" data-id=\"").Append(random.Next(1000)).Append(
            "\">\n    <a href=\"/item/");
        html.Append(Word(random))
            .Append('-')
            .Append(Word(random))
            .Append("?ref=")
            .Append(random.Next(90))
            .Append("\" class=\"link\"><img src=\"/img/")
            .Append(random.Next(1000))
            .Append(".webp\" alt=\"\"></a>\n    <p>");
        for (var words = 8 + random.Next(40); words > 0; words--)
            html.Append(Word(random)).Append(random.Next(12) == 0 ? ", " : " ");
        html.Append("</p>\n    <span class=\"price\">").Append(random.Next(500)).Append(",99 €</span>\n  </div>\n");
    }

    // A few words make up most of the text, as in any language.
    private static string Word(Random random) =>
        Words[(int)(Words.Length * Cube(random.NextDouble() * random.NextDouble()))];

    private static double Cube(double x) => x * x * x;

    private static string[] MakeWords()
    {
        string[] syllables =
        [
            "ha",
            "ter",
            "lo",
            "mi",
            "grün",
            "se",
            "qua",
            "pil",
            "ing",
            "car",
            "go",
            "we",
            "öst",
            "lan",
            "ro",
            "pe",
            "ce",
            "dar",
            "no",
            "bel",
            "港",
        ];
        var random = new Random(1);
        return
        [
            .. Enumerable.Range(0, 3000).Select(
                i =>
                    string.Concat(
                        Enumerable.Range(0, 1 + Math.Min(3, i / 40))
                            .Select(_ => syllables[random.Next(syllables.Length)]))),
        ];
    }
}
