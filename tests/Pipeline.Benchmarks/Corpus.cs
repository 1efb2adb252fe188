using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Pipeline.Benchmarks;

/// <summary>Result documents like those of real pages, gzipped; the same number gives the same bytes.</summary>
internal static class Corpus
{
    private const int MedianChars = 140_000;

    private static readonly string[] Words =
        ["harbour", "tide", "ledger", "brass", "kettle", "Grüße", "quay", "pilot", "morning", "cargo", "signed", "weighed", "östlich", "lantern", "港", "rope", "cedar", "note", "bell", "fog"];

    /// <summary><paramref name="count"/> documents from number <paramref name="first"/> on.</summary>
    public static byte[][] Make(int first, int count) => [.. Enumerable.Range(first, count).Select(n => Document(n, Length(n)))];

    /// <summary>One gzipped document whose HTML has about so many characters.</summary>
    public static byte[] Document(int n, int chars)
    {
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Fastest, leaveOpen: true))
            JsonSerializer.Serialize(gzip, new
            {
                url = $"https://www.example.com/{n}",
                task_id = $"00000000-0000-4000-8000-{n:D12}",
                status = "success",
                data = new { html = Html(n, chars), parsing = new { title = $"Page {n}", price = n % 997, tags = Words[..5] } },
                metadata = new { query_time = "2026-01-24T12:36:24.685Z", query_duration = 1877, driver = "vx6", country = "US" },
                status_code = 200,
            });
        return stored.ToArray();
    }

    // Log-normal, as page sizes are: half of them between two thirds and one and a half of the median.
    private static int Length(int n)
    {
        var random = new Random(n);
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)(MedianChars * Math.Exp(0.6 * normal));
    }

    private static string Html(int n, int chars)
    {
        var random = new Random(n);
        var html = new StringBuilder("<!doctype html>\n<html><body>", chars + 500);
        while (html.Length < chars)
        {
            html.Append("<div class=\"entry e").Append(random.Next(50)).Append("\"><a href=\"/p?id=").Append(random.Next(1_000_000)).Append("&amp;s=1\">");
            for (var words = 8 + random.Next(30); words > 0; words--)
                html.Append(Words[random.Next(Words.Length)]).Append(' ');
            html.Append("</a></div>\n");
        }

        return html.Append("</body></html>").ToString();
    }
}
