using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// A complete, verified result document: small fields as properties, large ones as staged bytes. A field that the
/// document lacks, or that is null there, is null.
/// </summary>
internal sealed class NormalizedResult : IDisposable
{
    /// <summary>URL of the fetched page, as Nimble reports it.</summary>
    public string? Url { get; set; }

    /// <summary>Nimble's task id.</summary>
    public string? TaskId { get; set; }

    /// <summary><c>success</c>, or Nimble's word for what went wrong.</summary>
    public string? Status { get; set; }

    /// <summary>The page's HTTP status.</summary>
    public int? StatusCode { get; set; }

    /// <summary><c>metadata.driver</c>.</summary>
    public string? Driver { get; set; }

    /// <summary><c>metadata.country</c>.</summary>
    public string? Country { get; set; }

    /// <summary><c>metadata.locale</c>.</summary>
    public string? Locale { get; set; }

    /// <summary><c>metadata.tag</c>.</summary>
    public string? Tag { get; set; }

    /// <summary><c>metadata.query_duration</c>, milliseconds.</summary>
    public long? DurationMs { get; set; }

    /// <summary><c>metadata.query_time</c>, unparsed.</summary>
    public string? QueryTime { get; set; }

    /// <summary>XXH128 of the content (docs/record.md).</summary>
    public UInt128 ContentHash { get; set; }

    /// <summary>Digest of the content: <c>xxh128:</c> and 32 hex digits.</summary>
    public string ContentDigest => $"xxh128:{ContentHash:x32}";

    /// <summary>XXH128 of the visible text (docs/record.md); null if there is none or nobody asked for it.</summary>
    public UInt128? TextHash { get; set; }

    /// <summary>Digest of the visible text: <c>xxh128:</c> and 32 hex digits; null if there is none.</summary>
    public string? TextDigest => TextHash is { } hash ? $"xxh128:{hash:x32}" : null;

    /// <summary>Size of all content texts, unescaped, UTF-8 bytes.</summary>
    public long ContentBytes { get; set; }

    /// <summary>Whether the stored object is compressed: gzip, zlib or Zstandard.</summary>
    public bool Compressed { get; set; }

    /// <summary>Size of the stored object, bytes.</summary>
    public long StoredBytes { get; set; }

    /// <summary>Size of the decompressed document, bytes.</summary>
    public long ExpandedBytes { get; set; }

    /// <summary><c>data.redirects</c> as JSON; null if there are none or the list is too large.</summary>
    public string? Redirects { get; set; }

    /// <summary>Whether <c>data</c> holds anything but nulls.</summary>
    public bool HasData { get; set; }

    /// <summary>Number of lone surrogates replaced by U+FFFD.</summary>
    public int LoneSurrogates { get; set; }

    /// <summary>Names of the fields left out because content is by reference; null if there are none.</summary>
    public List<string>? Omitted { get; set; }

    /// <summary>
    /// Members of the record that are lists (<c>links</c>, <c>redirects</c>), separated by commas; null if there are
    /// none.
    /// </summary>
    public SpillBuffer? Lists { get; set; }

    /// <summary>
    /// Members of the record's <c>content</c>, separated by commas; null if there are none or content is by reference.
    /// </summary>
    public SpillBuffer? Content { get; set; }

    /// <summary>The record's <c>parsed</c>; null if there is none.</summary>
    public SpillBuffer? Parsed { get; set; }

    /// <summary>Members of the record's <c>extra</c>, separated by commas; null if there are none.</summary>
    public SpillBuffer? Extra { get; set; }

    /// <summary>Transfers ownership of the staged bytes to the caller.</summary>
    public (SpillBuffer? Content, SpillBuffer? Parsed, SpillBuffer? Lists, SpillBuffer? Extra) Release()
    {
        var staged = (Content, Parsed, Lists, Extra);
        (Content, Parsed, Lists, Extra) = (null, null, null, null);
        return staged;
    }

    /// <summary>Disposes staged bytes that were not released.</summary>
    public void Dispose()
    {
        var (content, parsed, lists, extra) = Release();
        content?.Dispose();
        parsed?.Dispose();
        lists?.Dispose();
        extra?.Dispose();
    }
}
