using System.Text;
using System.Text.Json;
using Pipeline.Intake.Reading.Csv;

namespace Pipeline.Intake.Reading;

/// <summary>Detects the format of a list from its first bytes.</summary>
internal static class FormDetector
{
    private static readonly byte[] Blank = [.. " \t\r\n"u8];

    /// <summary>Detects the format.</summary>
    /// <param name="head">The first bytes of the list, after any byte order mark.</param>
    /// <param name="isWhole">Whether this is the whole list.</param>
    /// <param name="nameHint">The file name, if known. It decides only what the content leaves open.</param>
    /// <param name="urlColumn">Name of the CSV column with the URLs in the file; null for <c>url</c>.</param>
    public static ListFormat Detect(ReadOnlySpan<byte> head, bool isWhole, string? nameHint, string? urlColumn = null)
    {
        var extension = Extension(nameHint);
        var rest = head.TrimStart(Blank);
        if (rest.Length == 0)
            return ListFormat.Text;
        return rest[0] switch
        {
            (byte)'[' => ListFormat.JsonArray,
            (byte)'{' => DetectObject(rest, isWhole, extension),
            _ => DetectLines(rest, isWhole, extension, urlColumn),
        };
    }

    private static ListFormat DetectLines(ReadOnlySpan<byte> rest, bool isWhole, string extension, string? urlColumn)
    {
        var found = CsvHeaderFinder.Find(rest, isWhole, urlColumn);
        if (found is { Header.UrlColumn: >= 0 } or { HasSeparator: true })
            return ListFormat.Csv;
        if (extension is ".ndjson" or ".jsonl")
            return ListFormat.Ndjson;
        var lines = new ContentLines(rest, isWhole);
        if (!lines.MoveNext())
            return ListFormat.Text;
        var first = CsvHeaderFinder.Split(lines.Line, null, urlColumn);
        if (lines.Line[0] == (byte)'"')
            return first.Columns.Count > 1 ? ListFormat.Csv : ListFormat.Ndjson;
        // A .csv file that starts with nothing but a URL is a plain list. One that starts with a URL and other cells
        // is a CSV list without a header, and its reader says so.
        if (extension is ".csv" or ".tsv" && lines.Line.IndexOfAny(",;\t"u8) >= 0)
            return ListFormat.Csv;
        return found is { IsAboveUrls: true } ? ListFormat.Csv : ListFormat.Text;
    }

    private static ListFormat DetectObject(ReadOnlySpan<byte> rest, bool isWhole, string extension)
    {
        var names = TopLevelNames(rest, isWhole, out var end);
        var hasMore = end >= 0 && rest[end..].Trim(Blank).Length > 0;
        if (names.Contains("inputs"))
            return ListFormat.Batch;
        if (names.Contains("shared_inputs") && !names.Contains("source"))
            return names.Contains("url") && hasMore ? ListFormat.Ndjson : ListFormat.Batch;
        // jq and other tools write each object on several lines, which no reader of lines understands.
        if (hasMore)
            return LineEnds.IndexOf(rest[..end]) < 0 ? ListFormat.Ndjson : ListFormat.JsonArray;
        if (names.Contains("source") && !names.Contains("url"))
            return ListFormat.Pointer;
        if (extension is ".ndjson" or ".jsonl" || (end < 0 && LooksLikeLines(rest)))
            return ListFormat.Ndjson;
        return ListFormat.SingleInput;
    }

    // A broken first line must not turn NDJSON into a single JSON document.
    private static bool LooksLikeLines(ReadOnlySpan<byte> rest)
    {
        var end = LineEnds.IndexOf(rest);
        if (end < 0)
            return false;
        var next = rest[end..].TrimStart("\r\n"u8);
        return rest[..end].TrimEnd(Blank)[^1] == (byte)'}' || (next.Length > 0 && next[0] == (byte)'{');
    }

    /// <summary>
    /// Returns the property names of the first object, as far as it can be read. <paramref name="end"/> is the index
    /// after the object, or -1 if it does not end in <paramref name="rest"/>.
    /// </summary>
    private static HashSet<string> TopLevelNames(ReadOnlySpan<byte> rest, bool isWhole, out int end)
    {
        end = -1;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(
            rest,
            isFinalBlock: isWhole,
            new JsonReaderState(new JsonReaderOptions { MaxDepth = 512, AllowMultipleValues = true }));
        try
        {
            while (end < 0 && reader.Read())
            {
                if (
                    reader.TokenType == JsonTokenType.PropertyName
                    && reader.CurrentDepth == 1
                    && reader.ValueSpan.Length < 64)
                    names.Add(Encoding.UTF8.GetString(reader.ValueSpan));
                else if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0)
                    end = (int)reader.BytesConsumed;
            }
        }
        catch (JsonException)
        {
            // The names read so far are enough to tell a document from lines. The format's reader reports the error.
        }
        return names;
    }

    private static string Extension(string? name)
    {
        if (name is null)
            return "";
        var plain = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        return Path.GetExtension(plain).ToLowerInvariant();
    }
}
