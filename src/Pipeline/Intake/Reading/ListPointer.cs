using System.Text.Json;
using Pipeline.Intake.Reading.Json;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Notation;

namespace Pipeline.Intake.Reading;

/// <summary>A message on <c>url-lists</c> that holds the address of a list instead of the list.</summary>
/// <param name="Source">
/// A blob (<c>s3://bucket/key</c>, <c>gs://...</c>) or a file (<c>file:///path</c>, or an absolute path).
/// </param>
/// <param name="SharedInputs">A JSON object of extraction defaults that override the list's own; null for none.</param>
/// <param name="ListId">The list's id; null to use the list's own, or one derived from its content.</param>
/// <param name="Name">The list's display name.</param>
internal sealed record ListPointer(
    string Source, string? SharedInputs = null, string? ListId = null, string? Name = null)
{
    private const int MaxBytes = 256 * 1024;

    private static readonly (ListFormat Form, string Name)[] Forms =
    [
        (ListFormat.Text, "text"),
        (ListFormat.Csv, "csv"),
        (ListFormat.Ndjson, "ndjson"),
        (ListFormat.JsonArray, "json_array"),
        (ListFormat.Batch, "batch"),
        (ListFormat.SingleInput, "single_input"),
    ];


    /// <summary>The list's format as the sender detected it; null to detect it from content and name.</summary>
    public ListFormat? Form { get; init; }

    /// <summary>Name of the URL column of a CSV list in the file; null for <c>url</c>.</summary>
    public string? UrlColumn { get; init; }

    /// <summary>
    /// The <see cref="ListInspection.ContentHash"/> the list must have; null if the sender did not read the list.
    /// </summary>
    public string? ContentHash { get; init; }

    /// <summary>What the sender says about the series; overrides what the list says.</summary>
    public SeriesFields Series { get; init; }

    /// <summary>Serializes the pointer as a message.</summary>
    public byte[] ToMessage()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, CanonicalJson.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("source"u8, Source);
            if (SharedInputs is not null)
            {
                writer.WritePropertyName("shared_inputs"u8);
                writer.WriteRawValue(SharedInputs);
            }
            Write(writer, "list_id", ListId);
            Write(writer, "name", Name);
            Write(writer, "format", Form is { } form ? Array.Find(Forms, f => f.Form == form).Name : null);
            Write(writer, "url_column", UrlColumn);
            Write(writer, "content_hash", ContentHash);
            WriteSeries(writer);
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }

    /// <summary>Reads a message. Returns null if the message is a list itself.</summary>
    /// <exception cref="PipelineException">Permanent: a field of the pointer cannot be used.</exception>
    public static ListPointer? Read(ReadOnlyMemory<byte> message)
    {
        var json = message.TrimStart(ByteOrderMark.Utf8);
        if (
            message.Length > MaxBytes
            || FormDetector.Detect(json.Span, isWhole: true, nameHint: null) != ListFormat.Pointer)
            return null;
        try
        {
            using var document = JsonDocument.Parse(json, CanonicalJson.Strict);
            return document.RootElement.EnumerateObject().Aggregate(new ListPointer(""), With);
        }
        catch (JsonException error)
        {
            var (line, column) = JsonProblems.PlaceOf(error, json.Span);
            throw JsonProblems.Malformed(line + 1, column + 1, JsonProblems.Describe(error), error);
        }
    }

    /// <summary>Returns the address of the list, which must be under one of the prefixes.</summary>
    /// <exception cref="PipelineException">Permanent: it is not, or it is a folder.</exception>
    public ObjectUri Resolve(IEnumerable<string> prefixes)
    {
        var uri = ToUri(Source);
        if (uri.Key.Length == 0 || uri.Key.EndsWith('/'))
            throw Refused($"The message points to '{Source}', which is a folder. Give the address of a list in it.");
        if (uri.Key.Split('/').Contains("..") || !prefixes.Any(p => IsUnder(uri, ToUri(p))))
        {
            throw Refused(
                $"The message points to '{Source}', which is not under any prefix in Intake:SourcePrefixes. Move the "
                    + "list under one of them, or add its prefix to the setting.");
        }
        return uri;
    }

    // A prefix covers itself and everything below it: s3://b/in covers s3://b/in/x, but not s3://b/inner.
    private static bool IsUnder(ObjectUri uri, ObjectUri prefix) =>
        uri == prefix
        || (
            uri.Scheme == prefix.Scheme
            && uri.Bucket == prefix.Bucket
            && uri.Key.StartsWith(prefix.AsPrefix().Key, StringComparison.Ordinal));

    private static ObjectUri ToUri(string text) =>
        text.StartsWith('/') ? ObjectUri.ForFile(text) : ObjectUri.Parse(text);

    private static ListPointer With(ListPointer pointer, JsonProperty field) =>
        field.Name switch
        {
            "source" => pointer with { Source = Text(field) },
            "list_id" => pointer with { ListId = Text(field) },
            "name" => pointer with { Name = Text(field) },
            "shared_inputs" => pointer with { SharedInputs = field.Value.GetRawText() },
            "format" => pointer with { Form = FormOf(Text(field)) },
            "url_column" => pointer with { UrlColumn = Text(field) },
            "content_hash" => pointer with { ContentHash = Text(field) },
            "series" => pointer with { Series = pointer.Series with { Name = Text(field) } },
            "only_new" => pointer with { Series = pointer.Series with { OnlyNew = Flag(field) } },
            "max_age" => pointer with { Series = pointer.Series with { MaxAge = Text(field) } },
            _ => throw Refused(
                $"The message has the unknown field '{VisibleText.Of(field.Name)}'. Only source, shared_inputs, "
                    + "list_id, name, series, only_new, max_age, format and url_column are allowed. Put extraction "
                    + "fields in shared_inputs."),
        };

    private static ListFormat FormOf(string name) =>
        Forms.Any(f => f.Name == name)
            ? Array.Find(Forms, f => f.Name == name).Form
            : throw Refused(
                $"The message has the unknown format '{VisibleText.Of(name)}'. Use one of "
                    + $"{string.Join(", ", Forms.Select(f => f.Name))}.");

    private void WriteSeries(Utf8JsonWriter writer)
    {
        Write(writer, "series", Series.Name);
        if (Series.OnlyNew is { } onlyNew)
            writer.WriteBoolean("only_new", onlyNew);
        Write(writer, "max_age", Series.MaxAge);
    }

    private static void Write(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static string Text(JsonProperty field) =>
        field.Value.ValueKind == JsonValueKind.String
            ? field.Value.GetString()!
            : throw Refused($"'{field.Name}' of the message is not a string. Write \"{field.Name}\":\"...\".");

    private static bool Flag(JsonProperty field) =>
        field.Value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? field.Value.GetBoolean()
            : throw Refused($"'{field.Name}' of the message is not a boolean. Write \"{field.Name}\":true.");

    private static PipelineException Refused(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
