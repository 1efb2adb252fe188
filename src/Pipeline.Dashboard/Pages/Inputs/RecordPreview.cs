using System.Text.Json;
using Markdig;
using Pipeline.Urls;

namespace Pipeline.Dashboard.Pages.Inputs;

/// <summary>
/// What a record can show of its content. Every view is answered confined: it comes from a stranger's site.
/// </summary>
internal sealed class RecordPreview
{
    /// <summary>Longest record that is looked into, in bytes.</summary>
    public const int MaxBytes = 8 << 20;

    private const int MaxScreenshots = 10;

    // Markdown may hold markup, such as <sup>. It is confined like the page's own.
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder()
        .UsePipeTables().UseAutoLinks().Build();

    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const string Style =
        "<!doctype html><meta charset=\"utf-8\"><style>body{font:15px/1.55 system-ui,sans-serif;margin:1.2rem;"
        + "max-width:50rem;color:#191c20;background:#fff}table{border-collapse:collapse}td,th{border:1px solid #ccc;"
        + "padding:.2rem .5rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}img{max-width:100%}</style>";

    private static readonly string[] ContentViews = ["markdown", "html", "text", "screenshot"];

    private readonly JsonElement _record;
    private readonly JsonElement _content;

    private RecordPreview(JsonElement record)
    {
        _record = record;
        _content = record.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Object
            ? content
            : default;
        Views =
        [
            .. ContentViews.Where(name => name == "screenshot" ? ReadImage() is not null : Find(name) is not null),
            "json",
        ];
    }

    /// <summary>The views, the most readable first: <c>markdown</c>, <c>html</c>, <c>text</c>, <c>screenshot</c>,
    /// <c>json</c>.</summary>
    public IReadOnlyList<string> Views { get; }

    /// <summary>Reads a record; null if it is too long, or no longer JSON.</summary>
    public static async Task<RecordPreview?> ReadAsync(Stream record, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (await record.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (bytes.Length + read > MaxBytes)
                return null;
            bytes.Write(buffer, 0, read);
        }
        try
        {
            using var document = JsonDocument.Parse(
                bytes.GetBuffer().AsMemory(0, (int)bytes.Length), new() { MaxDepth = 1024 });
            return document.RootElement.ValueKind == JsonValueKind.Object ? new(document.RootElement.Clone()) : null;
        }
        // A file that somebody else has changed.
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The bytes of a view and their type; null if there is no such view.</summary>
    public (byte[] Content, string Type)? Render(string view) => view switch
    {
        "html" when Find(view) is { } html => (Utf8(html), "text/html; charset=utf-8"),
        "markdown" when Find(view) is { } text =>
            (Utf8(Style + Markdig.Markdown.ToHtml(text, Markdown)), "text/html; charset=utf-8"),
        "text" when Find(view) is { } text => (Utf8(text), "text/plain; charset=utf-8"),
        "screenshot" => ReadImage(),
        "json" => (Utf8(UrlCredentials.HideAll(Format(_record))), "text/plain; charset=utf-8"),
        _ => null,
    };

    private string? Find(string name) =>
        _content.ValueKind == JsonValueKind.Object && _content.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String && value.GetString() is { } text
            // Nothing to see would be an empty frame.
            && !string.IsNullOrWhiteSpace(text)
            ? text
            : null;

    private (byte[] Content, string Type)? ReadImage() =>
        Screenshots().Select(ReadImage).FirstOrDefault(image => image is not null);

    // The vendor's current SDK has a list of them; its entries are texts, or objects with one.
    private IEnumerable<string> Screenshots()
    {
        if (Find("screenshot") is { } one)
            yield return one;
        if (_content.ValueKind != JsonValueKind.Object || !_content.TryGetProperty("screenshots", out var list)
            || list.ValueKind != JsonValueKind.Array)
            yield break;
        foreach (var entry in list.EnumerateArray().Take(MaxScreenshots))
            foreach (var value in entry.ValueKind == JsonValueKind.Object
                ? entry.EnumerateObject().Select(member => member.Value)
                : [entry])
                if (value.ValueKind == JsonValueKind.String)
                    yield return value.GetString()!;
    }

    private static (byte[] Content, string Type)? ReadImage(string text)
    {
        var encoded = text[(text.IndexOf(',', StringComparison.Ordinal) + 1)..];
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
            return null;
        return bytes.AsSpan(0, length) switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => (bytes[..length], "image/png"),
            [0xFF, 0xD8, 0xFF, ..] => (bytes[..length], "image/jpeg"),
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => (bytes[..length], "image/webp"),
            _ => null,
        };
    }

    private static string Format(JsonElement record)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Indented))
            record.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
