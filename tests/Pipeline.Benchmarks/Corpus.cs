using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Benchmarks;

/// <summary>
/// Result documents like those of real pages, the same on every machine: HTML of tags, words, entities and some other scripts, sizes spread
/// log-normally around a median of 150 KB of JSON, gzipped about 5:1. Document <c>n</c> depends on nothing but <c>n</c>.
/// </summary>
public static class Corpus
{
    /// <summary>How many documents a whole corpus has.</summary>
    public const int Count = 2000;

    private const int MedianCharacters = 150_000;
    private const double Spread = 0.9;
    private const int SegmentCharacters = 1 << 20;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] Words =
        ["Größe", "prix&nbsp;réduit", "日本語", "€", "&amp;", "—", .. Enumerable.Range(0, 4000).Select(n => MakeWord(new Random(n)))];

    /// <summary>The JSON text of document <paramref name="index"/>.</summary>
    public static byte[] Document(int index)
    {
        var random = new Random(index);
        // The sum of twelve uniform numbers is as good as normal, and needs no logarithm that differs between machines.
        var normal = Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
        return Document(index, random, Math.Clamp((int)(MedianCharacters * Math.Exp(Spread * normal)), 2_000, 4_000_000));
    }

    /// <summary>The JSON text of a document with this many characters of HTML.</summary>
    public static byte[] Document(int index, int characters) => Document(index, new Random(index), characters);

    /// <summary>Document <paramref name="index"/> as the bucket holds it.</summary>
    public static byte[] Stored(int index) => Gzip(Document(index));

    /// <summary>As a store's gzip would.</summary>
    public static byte[] Gzip(ReadOnlySpan<byte> document)
    {
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(document);
        return stored.ToArray();
    }

    private static byte[] Document(int index, Random random, int characters)
    {
        var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("url", string.Create(CultureInfo.InvariantCulture, $"https://www.example.com/products/{index}?ref=list"));
            writer.WriteString("task_id", string.Create(CultureInfo.InvariantCulture, $"{index:x8}-0000-4000-8000-{index:x12}"));
            writer.WriteString("status", "success");
            writer.WriteStartObject("data");
            writer.WritePropertyName("html");
            // In segments: the writer takes no whole value of 200 MB.
            var html = MakeHtml(random, characters).AsSpan();
            for (; html.Length > SegmentCharacters; html = html[SegmentCharacters..])
                writer.WriteStringValueSegment(html[..SegmentCharacters], isFinalSegment: false);
            writer.WriteStringValueSegment(html, isFinalSegment: true);
            writer.WriteStartObject("parsing");
            writer.WriteString("title", Words[random.Next(Words.Length)]);
            writer.WriteNumber("price", random.Next(100, 100_000) / 100m);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteStartObject("metadata");
            writer.WriteNumber("query_duration", random.Next(300, 9000));
            writer.WriteString("query_time", "2026-03-19T10:00:00Z");
            writer.WriteString("driver", "vx6");
            writer.WriteString("country", "US");
            writer.WriteEndObject();
            writer.WriteNumber("status_code", 200);
            writer.WriteEndObject();
        }
        return json.ToArray();
    }

    private static string MakeHtml(Random random, int characters)
    {
        var html = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<body>\n", characters + 1024);
        while (html.Length < characters)
        {
            html.Append(CultureInfo.InvariantCulture, $"  <div class=\"card card-{random.Next(40)}\" data-id=\"{random.Next()}\">\n    <a href=\"/p/{random.Next(100_000)}\">");
            for (var words = random.Next(4, 40); words > 0; words--)
                html.Append(PickWord(random)).Append(words > 1 ? " " : "");
            html.Append("</a>\n  </div>\n");
        }
        return html.Append("</body>\n</html>\n").ToString();
    }

    /// <summary>Few words are frequent, as in any language.</summary>
    private static string PickWord(Random random)
    {
        var rank = random.NextDouble();
        return Words[(int)(rank * rank * rank * rank * Words.Length)];
    }

    private static string MakeWord(Random random) => string.Concat(Enumerable.Range(0, random.Next(2, 11)).Select(_ => (char)('a' + random.Next(26))));
}
