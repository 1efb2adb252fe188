using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>
/// A message of queue <c>records</c>, schema <c>pipeline.part/1</c>: names records in one blob, the part
/// (docs/downstream.md). Each record is a gzip member of its own.
/// </summary>
public sealed record PartMessage
{
    /// <summary>The name of the schema.</summary>
    public const string SchemaName = "pipeline.part/1";

    private const long MaxEnd = 1L << 50;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary><see cref="SchemaName"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Address of the blob, without credentials.</summary>
    public required Uri Uri { get; init; }

    /// <summary>The records that count. The part may hold others, which do not count.</summary>
    public required IReadOnlyList<PartRecord> Records { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>
    /// Reads a message. It may be base64 too: Storage Explorer encodes a message that it moves back from a poison
    /// queue.
    /// </summary>
    /// <exception cref="RecordException">It is not a <c>pipeline.part/1</c>, or a value is invalid.</exception>
    public static PartMessage Parse(string text)
    {
        PartMessage? part;
        try
        {
            part = JsonSerializer.Deserialize(Decode(text), RecordsJson.Default.PartMessage);
        }
        catch (JsonException e)
        {
            throw Invalid(JsonFault.Describe(e), e);
        }
        if (part is not { Schema: SchemaName })
            throw Invalid($"its schema is '{part?.Schema}'", inner: null);
        return FindFault(part) is { } fault ? throw Invalid(fault, inner: null) : part;
    }

    /// <summary>The JSON of a message, which may be base64.</summary>
    internal static string Decode(string text)
    {
        var json = Base64.IsValid(text) ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : text;
        // A word that consists of letters is valid base64 too.
        return json.StartsWith('{') ? json : text;
    }

    private static string? FindFault(PartMessage part)
    {
        if (!part.Uri.IsAbsoluteUri)
            return $"its address '{part.Uri}' is not absolute";
        if (!IsName(part.ListId) || !IsName(part.SubmissionId))
            return $"'{part.ListId}' and '{part.SubmissionId}' are not ids of a list and a submission";
        if (part.Records.Count == 0)
            return "it names no records";
        if (part.Records.Contains(null!))
            return "a record is null";
        if (part.Records.FirstOrDefault(r => r.Offset < 0 || r.Length <= 0 || r.Length > MaxEnd - r.Offset)
            is { } bad)
            return $"record {bad.Id} has offset {bad.Offset} and length {bad.Length}";
        return part.Records.DistinctBy(record => record.Id).Count() < part.Records.Count
            ? "it names a record twice"
            : null;
    }

    /// <summary>Names of blobs contain ids, so no id may lead out of its folder.</summary>
    private static bool IsName(string id) => id.Length > 0 && !id.AsSpan().ContainsAnyExcept(NameCharacters);

    private static RecordException Invalid(string why, Exception? inner) =>
        new(RecordFault.Invalid, $"The message is not a {SchemaName}: {why}", inner: inner);
}

/// <summary>A record in a <see cref="PartMessage"/>.</summary>
public sealed record PartRecord
{
    /// <summary>The record's id.</summary>
    public required string Id { get; init; }

    /// <summary>The URL as written in the list; null if it is too long for a message.</summary>
    public string? Url { get; init; }

    /// <summary>HTTP status of the page; null if the result has none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Offset of the record's gzip member in the blob, bytes.</summary>
    public required long Offset { get; init; }

    /// <summary>Size of the member in bytes, compressed.</summary>
    public required long Length { get; init; }

    /// <summary>The digest of the record's content; null if the message does not have it.</summary>
    public string? ContentDigest { get; init; }

    /// <summary><c>new</c>, <c>same</c> or <c>changed</c>; null if the list has no series.</summary>
    public string? Change { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
