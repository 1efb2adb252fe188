using System.Text;
using System.Text.Json;
using Pipeline.Collect.Json;

namespace Pipeline.Collect.Normalize;

/// <summary>The fields of a result document that have their own place in a record.</summary>
internal enum ResultField
{
    Unknown,
    Document,
    Root,
    Results,
    Url,
    TaskId,
    Status,
    StatusCode,
    Data,
    Metadata,
    Html,
    Markdown,
    Text,
    Screenshot,
    Screenshots,
    PagesHtml,
    NetworkCapture,
    Parsing,
    Parsed,
    Links,
    Redirects,
    QueryDuration,
    QueryTime,
    Driver,
    Country,
    Locale,
    Tag,
}

/// <summary>Where a field's value goes.</summary>
internal enum FieldPlace
{
    /// <summary>A member of the record's <c>extra</c>.</summary>
    Extra,

    /// <summary>No place of its own: an object whose members are fields.</summary>
    Parent,

    /// <summary>A property of <see cref="NormalizedResult"/>: text or number.</summary>
    Small,

    /// <summary>A text in the record's <c>content</c>; part of the digest.</summary>
    Text,

    /// <summary>A list in the record's <c>content</c>; not part of the digest.</summary>
    Bulk,

    /// <summary>The record's <c>parsed</c>.</summary>
    Parsed,

    /// <summary>A list that is a direct member of the record.</summary>
    Member,
}

/// <summary>Names and types of the fields, from the API's documentation and the types of the vendor's SDK.</summary>
internal static class ResultFields
{
    private static readonly byte[][] Names = [.. Enum.GetNames<ResultField>()
        .Select(name => Encoding.UTF8.GetBytes(JsonNamingPolicy.SnakeCaseLower.ConvertName(name)))];

    /// <summary>The field's name in the document.</summary>
    public static ReadOnlySpan<byte> NameOf(ResultField field) => Names[(int)field];

    /// <summary>The field of this name in the root, <c>data</c> or <c>metadata</c>.</summary>
    public static ResultField Find(ResultField parent, ReadOnlySpan<byte> name) => parent switch
    {
        ResultField.Data => FindInData(name),
        ResultField.Metadata => FindInMetadata(name),
        _ => FindInRoot(name),
    };

    /// <summary>
    /// Where a value goes; to <c>extra</c> if the field is unknown or the value does not have the field's type.
    /// </summary>
    public static FieldPlace PlaceOf(ResultField field, JsonKind kind) => field switch
    {
        ResultField.Data => FieldPlace.Parent,
        ResultField.Metadata when kind == JsonKind.Object => FieldPlace.Parent,
        ResultField.Html or ResultField.Markdown or ResultField.Text or ResultField.Screenshot
            when kind == JsonKind.String => FieldPlace.Text,
        ResultField.Screenshots or ResultField.PagesHtml or ResultField.NetworkCapture
            when kind == JsonKind.Array => FieldPlace.Bulk,
        ResultField.Links or ResultField.Redirects when kind == JsonKind.Array => FieldPlace.Member,
        ResultField.Parsing or ResultField.Parsed => FieldPlace.Parsed,
        (>= ResultField.Url and <= ResultField.StatusCode) or >= ResultField.QueryDuration
            when kind is not (JsonKind.Object or JsonKind.Array) => FieldPlace.Small,
        _ => FieldPlace.Extra,
    };

    private static ResultField FindInRoot(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("url"u8) ? ResultField.Url :
        name.SequenceEqual("task_id"u8) ? ResultField.TaskId :
        name.SequenceEqual("status"u8) ? ResultField.Status :
        name.SequenceEqual("status_code"u8) ? ResultField.StatusCode :
        name.SequenceEqual("data"u8) ? ResultField.Data :
        name.SequenceEqual("metadata"u8) ? ResultField.Metadata :
        name.SequenceEqual("results"u8) ? ResultField.Results : ResultField.Unknown;

    private static ResultField FindInData(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("html"u8) ? ResultField.Html :
        name.SequenceEqual("markdown"u8) ? ResultField.Markdown :
        name.SequenceEqual("text"u8) ? ResultField.Text :
        name.SequenceEqual("screenshot"u8) ? ResultField.Screenshot :
        name.SequenceEqual("screenshots"u8) ? ResultField.Screenshots :
        name.SequenceEqual("pages_html"u8) ? ResultField.PagesHtml :
        name.SequenceEqual("network_capture"u8) ? ResultField.NetworkCapture :
        name.SequenceEqual("links"u8) ? ResultField.Links :
        name.SequenceEqual("redirects"u8) ? ResultField.Redirects :
        name.SequenceEqual("parsing"u8) ? ResultField.Parsing :
        name.SequenceEqual("parsed"u8) ? ResultField.Parsed : ResultField.Unknown;

    private static ResultField FindInMetadata(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("query_duration"u8) ? ResultField.QueryDuration :
        name.SequenceEqual("query_time"u8) ? ResultField.QueryTime :
        name.SequenceEqual("driver"u8) ? ResultField.Driver :
        name.SequenceEqual("country"u8) ? ResultField.Country :
        name.SequenceEqual("locale"u8) ? ResultField.Locale :
        name.SequenceEqual("tag"u8) ? ResultField.Tag : ResultField.Unknown;
}
