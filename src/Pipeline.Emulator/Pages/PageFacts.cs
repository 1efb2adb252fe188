using System.Text.Json;
using AngleSharp.Dom;

namespace Pipeline.Emulator.Pages;

/// <summary>
/// The structured data of a page, written as <c>parsing</c>. Collected in one walk over its elements.
/// </summary>
internal sealed class PageFacts
{
    private const string JsonLdType = "application/ld+json";

    private readonly Uri _baseUrl;
    private readonly Dictionary<string, string> _meta = [];
    private readonly List<IElement> _links = [];
    private readonly List<IElement> _headings = [];
    private readonly List<IElement> _tables = [];
    private readonly List<string> _jsonLd = [];
    private readonly string? _language;
    private string? _title;
    private Uri? _canonical;

    private PageFacts(IDocument document, Uri baseUrl)
    {
        _baseUrl = baseUrl;
        _language = document.DocumentElement?.GetAttribute("lang");
        foreach (var element in HtmlNodes.Descendants(document))
            Take(element);
    }

    /// <summary>Collects a page's structured data and writes it as one object.</summary>
    public static void Write(Utf8JsonWriter writer, IDocument document, Uri baseUrl) =>
        new PageFacts(document, baseUrl).Write(writer);

    private void Take(IElement element)
    {
        switch (element.LocalName)
        {
            case "title" when _title is null && element.ParentElement?.LocalName == "head":
                _title = PageText.Collapse(element.TextContent);
                break;
            case "meta" when (element.GetAttribute("name") ?? element.GetAttribute("property")) is { Length: > 0 } name
                && element.GetAttribute("content") is { } content:
                _meta.TryAdd(name, content);
                break;
            case "link" when _canonical is null && Has(element.GetAttribute("rel"), "canonical"):
                _canonical = HtmlNodes.Resolve(_baseUrl, element.GetAttribute("href"));
                break;
            case "a" or "area" when element.HasAttribute("href"):
                _links.Add(element);
                break;
            case "table":
                _tables.Add(element);
                break;
            case "script" when element.GetAttribute("type")?.Trim().Equals(
                JsonLdType, StringComparison.OrdinalIgnoreCase) == true:
                _jsonLd.Add(element.TextContent);
                break;
            default:
                if (HtmlNodes.HeadingLevel(element) > 0)
                    _headings.Add(element);
                break;
        }
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        Write(writer, "title", _title);
        writer.WriteStartObject("meta");
        foreach (var (name, content) in _meta)
            writer.WriteString(WellFormed(name), WellFormed(content));
        writer.WriteEndObject();
        Write(writer, "canonical", _canonical?.AbsoluteUri);
        Write(writer, "lang", _language);
        WriteLinks(writer);
        writer.WriteStartArray("headings");
        foreach (var heading in _headings)
        {
            writer.WriteStartObject();
            writer.WriteNumber("level", HtmlNodes.HeadingLevel(heading));
            Write(writer, "text", PageText.Line(heading));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteTables(writer);
        WriteJsonLd(writer);
        writer.WriteEndObject();
    }

    private void WriteLinks(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("links");
        foreach (var link in _links)
        {
            if (HtmlNodes.Resolve(_baseUrl, link.GetAttribute("href")) is not { } url)
                continue;
            writer.WriteStartObject();
            Write(writer, "href", url.AbsoluteUri);
            Write(writer, "text", PageText.Line(link));
            Write(writer, "rel", link.GetAttribute("rel"));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteTables(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("tables");
        foreach (var table in _tables.Where(TableGrid.IsData))
        {
            writer.WriteStartArray();
            foreach (var row in new TableGrid(table).Rows)
            {
                writer.WriteStartArray();
                foreach (var cell in row)
                    writer.WriteStringValue(cell.Element is null ? "" : WellFormed(PageText.Line(cell.Element)));
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private void WriteJsonLd(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("json_ld");
        foreach (var text in _jsonLd)
        {
            try
            {
                using var json = JsonDocument.Parse(
                    text, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                CheckStrings(json.RootElement);
                json.RootElement.WriteTo(writer);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // Real pages have broken JSON-LD. Skip it, as search engines do.
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>
    /// Reads every string, to throw <see cref="InvalidOperationException"/> for an escaped lone surrogate.
    /// </summary>
    private static void CheckStrings(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
            _ = element.GetString();
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
                CheckStrings(item);
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                _ = property.Name;
                CheckStrings(property.Value);
            }
        }
    }

    private static bool Has(string? list, string word) =>
        list?.Split(' ').Contains(word, StringComparer.OrdinalIgnoreCase) == true;

    private static void Write(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is null)
            writer.WriteNull(name);
        else
            writer.WriteString(name, WellFormed(value));
    }

    private static string WellFormed(string text) => PageContent.WellFormed(text);
}
