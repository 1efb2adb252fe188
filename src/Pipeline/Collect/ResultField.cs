namespace Pipeline.Collect;

/// <summary>The fields of a result document that have a place of their own in a record.</summary>
internal enum ResultField
{
    Unknown,
    Root,
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
    Parsing,
    Parsed,
    QueryDuration,
    QueryTime,
    Driver,
    Country,
    Locale,
    Tag,
}

/// <summary>Names and types of the fields, as the API documents them.</summary>
internal static class ResultFields
{
    /// <summary>The field of this name in the root, in <c>data</c> or in <c>metadata</c>.</summary>
    public static ResultField Find(ResultField parent, ReadOnlySpan<byte> name) => parent switch
    {
        ResultField.Data => FindInData(name),
        ResultField.Metadata => FindInMetadata(name),
        _ => FindInRoot(name),
    };

    /// <summary>The kind that a field must have; null for any.</summary>
    public static JsonKind? KindOf(ResultField field) => field switch
    {
        ResultField.Root or ResultField.Data or ResultField.Metadata => JsonKind.Object,
        ResultField.StatusCode or ResultField.QueryDuration => JsonKind.Number,
        ResultField.Unknown or ResultField.Parsing or ResultField.Parsed => null,
        _ => JsonKind.String,
    };

    /// <summary>The name of a content field; empty for every other.</summary>
    public static ReadOnlySpan<byte> ContentName(ResultField field) => field switch
    {
        ResultField.Html => "html"u8,
        ResultField.Markdown => "markdown"u8,
        ResultField.Text => "text"u8,
        ResultField.Screenshot => "screenshot"u8,
        _ => [],
    };

    private static ResultField FindInRoot(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("url"u8) ? ResultField.Url :
        name.SequenceEqual("task_id"u8) ? ResultField.TaskId :
        name.SequenceEqual("status"u8) ? ResultField.Status :
        name.SequenceEqual("status_code"u8) ? ResultField.StatusCode :
        name.SequenceEqual("data"u8) ? ResultField.Data :
        name.SequenceEqual("metadata"u8) ? ResultField.Metadata : ResultField.Unknown;

    private static ResultField FindInData(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("html"u8) ? ResultField.Html :
        name.SequenceEqual("markdown"u8) ? ResultField.Markdown :
        name.SequenceEqual("text"u8) ? ResultField.Text :
        name.SequenceEqual("screenshot"u8) ? ResultField.Screenshot :
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
