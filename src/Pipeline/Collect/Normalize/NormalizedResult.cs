
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <summary>A whole, verified result document: its small fields, and the large ones staged. Null where the document has none, or null.</summary>
internal sealed class NormalizedResult : IDisposable
{
    /// <summary>The page that was fetched, as Nimble says it.</summary>
    public string? Url { get; set; }

    /// <summary>Nimble's task.</summary>
    public string? TaskId { get; set; }

    /// <summary><c>success</c>, or what went wrong at Nimble.</summary>
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

    /// <summary><c>metadata.query_time</c>, as delivered.</summary>
    public string? QueryTime { get; set; }

    /// <summary>XXH128 of the content, see docs/record.md.</summary>
    public UInt128 ContentHash { get; set; }

    /// <summary>Algorithm and hash of the content: <c>xxh128:</c> and 32 hex digits.</summary>
    public string ContentDigest => $"xxh128:{ContentHash:x32}";

    /// <summary>UTF-8 bytes of all content texts, unescaped.</summary>
    public long ContentBytes { get; set; }

    /// <summary>Whether the stored object is gzip.</summary>
    public bool Compressed { get; set; }

    /// <summary>The size of the stored object.</summary>
    public long StoredBytes { get; set; }

    /// <summary>The size of the document.</summary>
    public long ExpandedBytes { get; set; }

    /// <summary><c>data.redirects</c> as JSON; null where there are none, or very many.</summary>
    public string? Redirects { get; set; }

    /// <summary>Whether <c>data</c> holds anything but nulls.</summary>
    public bool HasData { get; set; }

    /// <summary>How many halves of surrogate pairs were replaced by U+FFFD.</summary>
    public int LoneSurrogates { get; set; }

    /// <summary>What was not copied for its size, with content by reference; null for nothing.</summary>
    public List<string>? Omitted { get; set; }

    /// <summary>Members of the record that are lists (<c>links</c>, <c>redirects</c>), separated by commas; null for none.</summary>
    public SpillBuffer? Lists { get; set; }

    /// <summary>Members of the record's <c>content</c>, separated by commas; null for none, or when content is by reference.</summary>
    public SpillBuffer? Content { get; set; }

    /// <summary>The record's <c>parsed</c>; null for none.</summary>
    public SpillBuffer? Parsed { get; set; }

    /// <summary>Members of the record's <c>extra</c>, separated by commas; null for none.</summary>
    public SpillBuffer? Extra { get; set; }

    /// <summary>Hands the staged bytes to a new owner.</summary>
    public (SpillBuffer? Content, SpillBuffer? Parsed, SpillBuffer? Lists, SpillBuffer? Extra) Release()
    {
        var staged = (Content, Parsed, Lists, Extra);
        (Content, Parsed, Lists, Extra) = (null, null, null, null);
        return staged;
    }

    /// <summary>Gives back what was not released.</summary>
    public void Dispose()
    {
        var (content, parsed, lists, extra) = Release();
        content?.Dispose();
        parsed?.Dispose();
        lists?.Dispose();
        extra?.Dispose();
    }
}
