using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>
/// The result of fetching one URL, schema <c>pipeline.record/1</c> (docs/record.md). Members that the record lacks are
/// null.
/// </summary>
/// <remarks>
/// <see cref="RecordReader"/> keeps members that exceed <see cref="RecordReaderOptions.MaxMemoryBytes"/> out of memory:
/// their property is null, <see cref="LargeMembers"/> names them, and <see cref="OpenRead"/> reads them.
/// </remarks>
public sealed record Record
{
    /// <summary>The name of the schema.</summary>
    public const string SchemaName = "pipeline.record/1";

    /// <summary><see cref="SchemaName"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>
    /// 32 hex digits, derived from the list and the input. Repeated work gives the same id, so drop records whose id
    /// you already have.
    /// </summary>
    public required string Id { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission of up to 1,000 inputs.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch; null for a single input.</summary>
    public string? BatchId { get; init; }

    /// <summary>Nimble's task.</summary>
    public required string TaskId { get; init; }

    /// <summary>The series of the list; null if the list is not a run of a series.</summary>
    public string? Series { get; init; }

    /// <summary>The URL as written in the list.</summary>
    public required string Url { get; init; }

    /// <summary>The URL that the result names, if it differs: usually the final URL after redirects.</summary>
    public string? ResultUrl { get; init; }

    /// <summary>Position in the list, from 1.</summary>
    public long? Line { get; init; }

    /// <summary>Nimble's status of the result: <c>success</c>.</summary>
    public required string Status { get; init; }

    /// <summary>HTTP status of the page.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Country of the request, from the result, otherwise from the input.</summary>
    public string? Country { get; init; }

    /// <summary>Locale of the request, from the result, otherwise from the input.</summary>
    public string? Locale { get; init; }

    /// <summary>Nimble's driver, from the result, otherwise from the input.</summary>
    public string? Driver { get; init; }

    /// <summary>Duration of the extraction at Nimble, milliseconds.</summary>
    public long? DurationMs { get; init; }

    /// <summary>Time of the POST, UTC.</summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>Time at which the result was read, UTC.</summary>
    public required DateTimeOffset CollectedAt { get; init; }

    /// <summary>The content; null with <c>content=reference</c>: open <see cref="Source"/> instead.</summary>
    public RecordContent? Content { get; init; }

    /// <summary>The structured data of the result, any JSON.</summary>
    public JsonElement? Parsed { get; init; }

    /// <summary>The list <c>links</c> of the result, as delivered.</summary>
    public JsonElement? Links { get; init; }

    /// <summary>The list <c>redirects</c> of the result, as delivered.</summary>
    public JsonElement? Redirects { get; init; }

    /// <summary>
    /// Digest of the content's texts: <c>xxh128:</c> and 32 hex digits. Present without content too.
    /// </summary>
    public required string ContentDigest { get; init; }

    /// <summary>Size of the content's texts, UTF-8 bytes.</summary>
    public required long ContentBytes { get; init; }

    /// <summary>Digest of the visible text, normalized for white space; null if it was not computed.</summary>
    public string? TextDigest { get; init; }

    /// <summary>
    /// Compared with the last run of the series: <c>new</c>, <c>same</c> or <c>changed</c>. Null without a series.
    /// </summary>
    public string? Change { get; init; }

    /// <summary>
    /// <see cref="ContentDigest"/> of the last record in the series; null if the input is new or there is no series.
    /// </summary>
    public string? PreviousDigest { get; init; }

    /// <summary>The stored object that the record was read from.</summary>
    public required RecordSource Source { get; init; }

    /// <summary>
    /// With <c>content=reference</c>: names of fields that the result has and the record leaves out; otherwise null.
    /// </summary>
    public IReadOnlyList<string>? Omitted { get; init; }

    /// <summary>The input: an object with the URL, its options, and the columns of a CSV list.</summary>
    public required JsonElement Input { get; init; }

    /// <summary>The tag of the input, otherwise the one that Nimble returned.</summary>
    public string? Tag { get; init; }

    /// <summary>Fields of the result without a place above, by name; those of <c>data</c> as <c>data.x</c>.</summary>
    public JsonElement? Extra { get; init; }

    /// <summary>
    /// Members that this version of the library does not know. They are kept and written back; null if there are none.
    /// </summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>Where the record was read; null if <see cref="RecordReader"/> did not read it.</summary>
    [JsonIgnore]
    public RecordPosition? Position { get; init; }

    /// <summary>
    /// Whether <see cref="ContentDigest"/> was compared with the content and matches. False if the record has no
    /// content, if the algorithm is unknown, or if <see cref="RecordReaderOptions.VerifyDigests"/> is off.
    /// </summary>
    [JsonIgnore]
    public bool IsContentVerified { get; init; }

    /// <summary>Sizes in bytes of the members that only <see cref="OpenRead"/> has, by name.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, long> LargeMembers => Spooled?.Sizes ?? SpooledMembers.None;

    [JsonIgnore]
    internal SpooledMembers? Spooled { get; init; }

    /// <summary>
    /// Opens a member as a stream, whether it is in memory or not: <c>html</c>, <c>markdown</c>, <c>text</c> and
    /// <c>screenshot</c> as text in UTF-8; any other member of the record or its content as JSON.
    /// </summary>
    /// <returns>A stream that the caller disposes; null if the record does not have the member.</returns>
    /// <remarks>
    /// A large member can be opened until the reader moves to the next record, each time from its start.
    /// </remarks>
    public Stream? OpenRead(string member) =>
        Spooled?.OpenRead(member)
        ?? (FindText(member) is { } text ? Memory(Encoding.UTF8.GetBytes(text)) : FindJson(member));

    private string? FindText(string member) => member switch
    {
        "html" => Content?.Html,
        "markdown" => Content?.Markdown,
        "text" => Content?.Text,
        "screenshot" => Content?.Screenshot,
        _ => null,
    };

    private MemoryStream? FindJson(string member)
    {
        var value = member switch
        {
            "screenshots" => Content?.Screenshots,
            "pages_html" => Content?.PagesHtml,
            "network_capture" => Content?.NetworkCapture,
            "parsed" => Parsed,
            "links" => Links,
            "redirects" => Redirects,
            "input" => Input,
            "extra" => Extra,
            _ => Find(Unknown, member) ?? Find(Content?.Unknown, member),
        };
        return value is { } json ? Memory(Encoding.UTF8.GetBytes(json.GetRawText())) : null;
    }

    private static JsonElement? Find(IDictionary<string, JsonElement>? members, string name) =>
        members is not null && members.TryGetValue(name, out var value) ? value : null;

    private static MemoryStream Memory(byte[] bytes) => new(bytes, writable: false);
}

/// <summary>The content of a result. Formats that were not requested or not delivered are null.</summary>
public sealed record RecordContent
{
    /// <summary>The page's HTML, byte for byte as delivered.</summary>
    public string? Html { get; init; }

    /// <summary>The page as Markdown.</summary>
    public string? Markdown { get; init; }

    /// <summary>The page's text.</summary>
    public string? Text { get; init; }

    /// <summary>A screenshot as text, usually base64.</summary>
    public string? Screenshot { get; init; }

    /// <summary>The list <c>screenshots</c>, as delivered.</summary>
    public JsonElement? Screenshots { get; init; }

    /// <summary>The list <c>pages_html</c>, as delivered.</summary>
    public JsonElement? PagesHtml { get; init; }

    /// <summary>The list <c>network_capture</c>, as delivered.</summary>
    public JsonElement? NetworkCapture { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The stored object that a record was read from.</summary>
public sealed record RecordSource
{
    /// <summary>Its address, such as <c>s3://bucket/prefix/….json.gz</c>, or that of the API.</summary>
    public required string Uri { get; init; }

    /// <summary>S3's ETag or GCS's generation; null if the store named none.</summary>
    [JsonPropertyName("etag")]
    public string? ETag { get; init; }

    /// <summary>Stored size in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether it was compressed, whatever its name.</summary>
    public required bool Compressed { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
