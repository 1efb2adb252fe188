using System.Text;
using System.Text.Json;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Pipeline.Emulator.Pages;

/// <summary>Writes a page in the requested formats.</summary>
internal static class PageContent
{
    private enum Kind
    {
        Html,
        Json,
        Text,
        Binary,
    }

    /// <summary>
    /// Writes the members of a result's <c>data</c> into the open object: those of <c>html</c>, <c>markdown</c>,
    /// <c>text</c> and <c>links</c> that are in <paramref name="formats"/> (none means <c>html</c>), and <c>parsing</c>
    /// if <paramref name="parse"/> is set and the page is HTML. A page that is not text gets <c>binary</c> instead,
    /// which gives its type and size.
    /// </summary>
    public static void WriteData(Utf8JsonWriter writer, FetchedPage page, IReadOnlySet<string> formats, bool parse)
    {
        var kind = KindOf(page);
        if (kind == Kind.Binary)
        {
            WriteBinary(writer, page);
            return;
        }

        string? decoded = null;
        string Text() => decoded ??= WellFormed(Charset.Decode(page));
        if (formats.Count == 0 || formats.Contains("html"))
        {
            // The common case: the bytes are UTF-8 and need no decoding.
            if (Charset.AsUtf8(page) is { } utf8)
                writer.WriteString("html", utf8.Span);
            else
                writer.WriteString("html", Text());
        }

        if (kind != Kind.Html)
        {
            if (formats.Contains("markdown"))
                writer.WriteString("markdown", kind == Kind.Json ? $"```json\n{Text().TrimEnd()}\n```" : Text());
            if (formats.Contains("text"))
                writer.WriteString("text", Text());
        }
        else if (parse || formats.Contains("markdown") || formats.Contains("text") || formats.Contains("links"))
        {
            using var document = new HtmlParser().ParseDocument(Text());
            WriteDocument(writer, document, page.FinalUrl, formats, parse);
        }
    }

    private static void WriteBinary(Utf8JsonWriter writer, FetchedPage page)
    {
        writer.WriteStartObject("binary");
        writer.WriteString("content_type", page.ContentType ?? "application/octet-stream");
        writer.WriteNumber("bytes", page.Body.Length);
        writer.WriteEndObject();
    }

    /// <summary>Replaces every lone surrogate with U+FFFD.</summary>
    internal static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
            ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text))
            : text;

    private static void WriteDocument(
        Utf8JsonWriter writer, IHtmlDocument document, Uri url, IReadOnlySet<string> formats, bool parse)
    {
        var baseUrl = HtmlNodes.BaseOf(document, url);
        if (formats.Contains("markdown"))
            writer.WriteString(
                "markdown",
                WellFormed(document.Body is null ? "" : new MarkdownWriter(baseUrl).Convert(document.Body)));
        if (formats.Contains("text"))
            writer.WriteString("text", WellFormed(document.Body is null ? "" : PageText.Of(document.Body)));
        if (formats.Contains("links"))
            WriteLinks(writer, document, baseUrl);
        if (parse)
        {
            writer.WritePropertyName("parsing");
            PageFacts.Write(writer, document, baseUrl);
        }
    }

    /// <summary>Writes every URL that the page links to, once each, in document order.</summary>
    private static void WriteLinks(Utf8JsonWriter writer, IHtmlDocument document, Uri baseUrl)
    {
        writer.WriteStartArray("links");
        var links = HtmlNodes.Descendants(document)
            .Where(element => element.LocalName is "a" or "area")
            .Select(element => HtmlNodes.Resolve(baseUrl, element.GetAttribute("href")))
            .OfType<Uri>();
        foreach (var link in links.Select(url => url.AbsoluteUri).Distinct(StringComparer.Ordinal))
            writer.WriteStringValue(WellFormed(link));
        writer.WriteEndArray();
    }

    private static Kind KindOf(FetchedPage page)
    {
        var type = (page.ContentType ?? "").Split(';', 2)[0].Trim().ToLowerInvariant();
        if (type is "text/html" or "application/xhtml+xml")
            return Kind.Html;
        if (type is "application/json" or "text/json" || type.EndsWith("+json", StringComparison.Ordinal))
            return Kind.Json;
        if (type.StartsWith("text/", StringComparison.Ordinal) || type.EndsWith("+xml", StringComparison.Ordinal)
            || type is "application/xml" or "application/javascript" or "application/x-ndjson" or "application/"
                + "ndjson" or "application/yaml")
            return Kind.Text;
        return type.Length > 0 ? Kind.Binary : Sniff(page.Body);
    }

    private static Kind Sniff(byte[] body)
    {
        if (body.AsSpan(0, Math.Min(body.Length, 1024)).Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(body))
            return Kind.Binary;
        var start = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 256)))
            .TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return start.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            ? Kind.Html
            : Kind.Text;
    }
}
