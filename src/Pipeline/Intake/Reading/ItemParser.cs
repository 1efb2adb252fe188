using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Pipeline.Json;
using Pipeline.Urls;

namespace Pipeline.Intake.Reading;

/// <summary>
/// Parses the raw items that the format readers cut from a list. Owns the JSON document of the latest item.
/// </summary>
internal sealed class ItemParser(int maxItemBytes) : IDisposable
{
    private JsonDocument? _document;

    /// <summary>Parses an item that is only a URL.</summary>
    public static ListItem FromUrl(long line, ReadOnlySpan<byte> raw)
    {
        if (!Utf8.IsValid(raw))
            return ListItem.Bad(line, raw, "it is not UTF-8 text");
        return FromUrl(line, Encoding.UTF8.GetString(raw), raw);
    }

    /// <summary>Returns a bad line for an item longer than Intake:MaxItemBytes.</summary>
    public ListItem TooLong(long line, ReadOnlySpan<byte> begin) =>
        ListItem.Bad(line, begin, $"it is longer than {maxItemBytes:N0} bytes (Intake:MaxItemBytes)");

    /// <summary>Parses an item that is a JSON value.</summary>
    /// <exception cref="JsonException">Not JSON. The format's reader decides what that means for the list.</exception>
    public ListItem FromJson(long line, ReadOnlyMemory<byte> json)
    {
        var raw = json.Span;
        if (!Utf8.IsValid(raw))
            return ListItem.Bad(line, raw, "it is not UTF-8 text");
        _document?.Dispose();
        _document = null;
        try
        {
            _document = JsonDocument.Parse(json, CanonicalJson.Strict);
        }
        catch (JsonException) when (IsJson(raw))
        {
            var depth = DepthOf(raw);
            return ListItem.Bad(
                line,
                raw,
                depth > CanonicalJson.MaxDepth
                    ? $"it is nested {depth:N0} levels deep; the limit is {CanonicalJson.MaxDepth}"
                    : "it has the same field twice");
        }
        var value = _document.RootElement;
        return value.ValueKind switch
        {
            JsonValueKind.Object or JsonValueKind.String when !CanonicalJson.IsText(value, raw) => ListItem.Bad(
                line,
                raw,
                "it contains half of a surrogate pair"),
            JsonValueKind.Object => FromObject(line, value, raw),
            JsonValueKind.String => FromUrl(line, value.GetString()!, raw),
            _ => ListItem.Bad(line, raw, "it is neither a URL nor an input object"),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _document?.Dispose();

    private static ListItem FromUrl(long line, string text, ReadOnlySpan<byte> raw)
    {
        var url = text.Trim();
        return UrlRules.Check(url) is { } problem
            ? ListItem.Bad(line, raw, problem)
            : new(line, url, default, null, "");
    }

    private static ListItem FromObject(long line, JsonElement value, ReadOnlySpan<byte> raw)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (DeliveryFields.Contains(property.Name))
                return ListItem.Bad(
                    line,
                    raw,
                    $"'{property.Name}' is a delivery field, which the pipeline sets itself; remove it");
        }
        if (!value.TryGetProperty("url"u8, out var own))
            return new(line, null, value, null, ListItem.TextOf(raw));
        if (own.ValueKind != JsonValueKind.String)
            return ListItem.Bad(line, raw, "'url' is not a string");
        var url = own.GetString()!.Trim();
        return UrlRules.Check(url) is { } problem ? ListItem.Bad(line, raw, problem) : new(line, url, value, null, "");
    }

    // The strict parser does not distinguish a syntax error from a violation of its stricter rules.
    private static bool IsJson(ReadOnlySpan<byte> raw)
    {
        try
        {
            DepthOf(raw);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static int DepthOf(ReadOnlySpan<byte> raw)
    {
        var depth = 0;
        var reader = new Utf8JsonReader(raw, new JsonReaderOptions { MaxDepth = int.MaxValue });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                depth = Math.Max(depth, reader.CurrentDepth + 1);
        }
        return depth;
    }
}
