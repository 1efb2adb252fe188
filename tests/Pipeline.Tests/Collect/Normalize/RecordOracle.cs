using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>
/// Makes the record of a valid result document in <see cref="Normal.Context"/> the simple way, in memory with
/// <see cref="JsonDocument"/>. The normalizer must give the same bytes.
/// </summary>
internal static class RecordOracle
{
    private static readonly string[] ContentNames = ["html", "markdown", "text", "screenshot"];
    private static readonly string[] BulkNames = ["screenshots", "pages_html", "network_capture"];
    private static readonly string[] ListNames = ["links", "redirects"];
    private static readonly string[] RootNames = ["url", "task_id", "status", "status_code", "data", "metadata"];
    private static readonly string[] NumberNames = ["status_code", "query_duration"];
    private static readonly string[] MetadataNames =
    [
        "query_duration",
        "query_time",
        "driver",
        "country",
        "locale",
        "tag",
    ];

    public static string RecordOf(string json, long storedBytes, bool compressed, bool reference = false)
    {
        var context = Normal.Context;
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var data = ObjectOf(root, "data");
        var metadata = ObjectOf(root, "metadata");
        var content = data.Where(p => ContentNames.Contains(p.Name)
            && p.Value.ValueKind == JsonValueKind.String).ToList();
        var inContent = data.Where(p => content.Contains(p) || IsList(p, BulkNames)).ToList();
        var lists = data.Where(p => IsList(p, ListNames)).ToList();
        var members = new List<string>();

        void Add(string name, string? raw)
        {
            if (raw is not null)
                members.Add($"\"{name}\":{raw}");
        }

        Add("schema", "\"pipeline.record/1\"");
        Add("id", Text(context.Input.Id));
        Add("list_id", Text(context.ListId));
        Add("submission_id", Text(context.SubmissionId));
        Add("batch_id", Text(context.BatchId));
        Add("task_id", Text(context.TaskId));
        Add("url", Text(context.Input.Url));
        if (TextOf(root.EnumerateObject(), "url") is { } url)
            Add("result_url", Text(url));
        Add("line", "1");
        // In these documents, only parsed data, lists and unknown fields grow that large.
        bool IsOmitted(JsonProperty p) => reference && Encoding.UTF8.GetByteCount(Minify(p.Value.GetRawText())) > 4096;
        Add("status", Text(TextOf(root.EnumerateObject(), "status") ?? "success"));
        Add("http_status", NumberOf(root.EnumerateObject(), "status_code"));
        Add("country", Text(TextOf(metadata, "country") ?? "DE"));
        Add("locale", Text(TextOf(metadata, "locale") ?? "de-DE"));
        Add("driver", Text(TextOf(metadata, "driver")));
        Add("duration_ms", NumberOf(metadata, "query_duration"));
        Add("requested_at", Text("2026-01-24T12:36:24.685Z"));
        Add("collected_at", Text("2026-01-24T12:00:00.000Z"));
        if (inContent.Count > 0 && !reference)
            Add("content", $"{{{string.Join(',', inContent.Select(Member))}}}");
        var kept = data.Where(p => !IsOmitted(p)).ToList();
        Add("parsed", RawOf(kept, "parsing") ?? RawOf(kept, "parsed"));
        members.AddRange(lists.Where(p => !IsOmitted(p)).Select(Member));
        Add("content_digest", Text(DigestOf(content)));
        Add("content_bytes", content.Sum(p => Encoding.UTF8.GetByteCount(p.Value.GetString()!)).ToString());
        var (uri, etag) = (Text(context.SourceUri), Text(context.SourceETag));
        var isCompressed = compressed ? "true" : "false";
        Add("source", $$"""{"uri":{{uri}},"etag":{{etag}},"bytes":{{storedBytes}},"compressed":{{isCompressed}}}""");
        var omitted = Fields(root).Where(f => (reference && f.Prefix == "data." && inContent.Contains(f.Member))
            || IsOmitted(f.Member)).ToList();
        if (omitted.Count > 0)
            Add("omitted", $"[{string.Join(',', omitted.Select(f => Text(PlaceOf(f.Prefix, f.Member))))}]");
        Add("input", """{"locale":"de-DE","render":true,"url":"https://example.com/?q=ü&r=<1>","country":"DE"}""");
        Add("tag", Text(TextOf(metadata, "tag")));
        var extra = Fields(root)
            .Where(f => IsExtra(f.Prefix, f.Member) && !IsOmitted(f.Member))
            .Select(f => Extra(f.Prefix, f.Member))
            .ToList();
        if (TextOf(metadata, "query_time") is { } time)
            extra.Add($"\"metadata.query_time\":{Text(time)}");
        Add("extra", extra.Count > 0 ? $"{{{string.Join(',', extra)}}}" : null);
        // JSON allows these two characters only inside strings; in NDJSON they are escaped.
        return $"{{{string.Join(',', members)}}}"
            .Replace("\u2028", "\\u2028", StringComparison.Ordinal)
                .Replace("\u2029", "\\u2029", StringComparison.Ordinal);
    }

    /// <summary>Removes insignificant whitespace from JSON.</summary>
    public static string Minify(string raw)
    {
        var minified = new StringBuilder();
        var inString = false;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '"')
                inString = !inString;
            if (inString || raw[i] is not (' ' or '\t' or '\r' or '\n'))
                minified.Append(raw[i]);
            if (inString && raw[i] == '\\')
                minified.Append(raw[++i]);
        }
        return minified.ToString();
    }

    /// <summary>Every field, in the document's order, with the prefix of the object that contains it.</summary>
    private static IEnumerable<(string Prefix, JsonProperty Member)> Fields(JsonElement root) =>
        root.EnumerateObject().SelectMany(p => p.Name is "data" or "metadata"
            && p.Value.ValueKind == JsonValueKind.Object
            ? p.Value.EnumerateObject().Select(inner => ($"{p.Name}.", inner))
            : [("", p)]);

    private static bool IsExtra(string prefix, JsonProperty p) => prefix switch
    {
        "data." => IsExtraOfData(p),
        "metadata." => !MetadataNames.Contains(p.Name) || IsOdd(p),
        _ => !RootNames.Contains(p.Name) || (p.Name is not "data" && IsOdd(p)),
    };

    private static string PlaceOf(string prefix, JsonProperty p) =>
        IsExtra(prefix, p) ? prefix + p.Name : p.Name is "parsing" ? "parsed" : p.Name;

    private static bool IsExtraOfData(JsonProperty p) => p.Value.ValueKind == JsonValueKind.Null
        ? !new[] { "parsing", "parsed" }.Concat(ContentNames).Concat(BulkNames).Concat(ListNames).Contains(p.Name)
        : p.Name is not ("parsing" or "parsed") && !IsList(p, [.. BulkNames, .. ListNames])
            && !(ContentNames.Contains(p.Name) && p.Value.ValueKind == JsonValueKind.String);

    private static bool IsList(JsonProperty p, string[] names) =>
        names.Contains(p.Name) && p.Value.ValueKind == JsonValueKind.Array;

    /// <summary>Whether a small field has an invalid value.</summary>
    private static bool IsOdd(JsonProperty p) => p.Value.ValueKind switch
    {
        JsonValueKind.Null => false,
        JsonValueKind.Object or JsonValueKind.Array => true,
        _ => p.Name == "metadata" || (NumberNames.Contains(p.Name) && NumberOf([p], p.Name) is null),
    };

    private static string Member(JsonProperty p) => $"\"{p.Name}\":{Minify(p.Value.GetRawText())}";

    private static string? NumberOf(IEnumerable<JsonProperty> members, string name)
    {
        var text = TextOf(members, name);
        var most = name == "status_code" ? int.MaxValue : long.MaxValue;
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && Math.Abs(number) <= most
            ? $"{decimal.Round(number):0}"
            : null;
    }

    private static string Extra(string prefix, JsonProperty member) =>
        $"{Text(prefix + member.Name)}:{Minify(member.Value.GetRawText())}";

    private static string DigestOf(IEnumerable<JsonProperty> content)
    {
        var all = new MemoryStream();
        foreach (var member in content)
        {
            var text = Encoding.UTF8.GetBytes(member.Value.GetString()!);
            var length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
            all.Write(Encoding.UTF8.GetBytes(member.Name));
            all.WriteByte(0);
            all.Write(text);
            all.Write(length);
        }
        return $"xxh128:{Convert.ToHexStringLower(XxHash128.Hash(all.ToArray()))}";
    }

    private static IEnumerable<JsonProperty> ObjectOf(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject()
            : Enumerable.Empty<JsonProperty>();

    private static string? RawOf(IEnumerable<JsonProperty> members, string name) =>
        members.Where(p => p.Name == name
            && p.Value.ValueKind != JsonValueKind.Null).Select(p => Minify(p.Value.GetRawText())).SingleOrDefault();

    private static string? TextOf(IEnumerable<JsonProperty> members, string name) =>
        members.Where(p => p.Name == name
            && p.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Object or JsonValueKind.Array))
            .Select(
                p =>
                    p.Value.ValueKind == JsonValueKind.String
                        ? p.Value.GetString()
                        : p.Value.GetRawText()).SingleOrDefault();

    private static string? Text(string? value) => value is null ? null : $"\"{string.Concat(value.Select(Escape))}\"";

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)c:X4}",
        _ => c.ToString(),
    };
}
