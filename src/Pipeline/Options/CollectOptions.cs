using System.ComponentModel.DataAnnotations;

namespace Pipeline.Options;

/// <summary>What a record carries of the content.</summary>
public enum ContentMode
{
    /// <summary>The content itself.</summary>
    Inline,

    /// <summary>No content, only <c>source</c>: the consumer opens the object.</summary>
    Reference,
}

/// <summary>What becomes of a result that reports success and whose <c>data</c> is null or empty.</summary>
public enum EmptyResultMode
{
    /// <summary>A failure, <c>empty_result</c>.</summary>
    Fail,

    /// <summary>A record without content.</summary>
    Record,
}

/// <summary>Collect.</summary>
public sealed class CollectOptions
{
    /// <summary>What a record carries of the content.</summary>
    public ContentMode Content { get; set; } = ContentMode.Inline;

    /// <summary>What becomes of a result that reports success and holds nothing.</summary>
    public EmptyResultMode EmptyResults { get; set; } = EmptyResultMode.Fail;

    /// <summary>
    /// HTTP statuses of pages that make them failures, <c>page_status</c>, separated by commas: <c>503</c>, or <c>4xx</c>
    /// for all from 400 to 499. Empty: every page is a record.
    /// </summary>
    public string FailStatuses { get; set; } = "";

    /// <summary>Results of one list read at once for each core of a process; half as many again are read for other lists.</summary>
    [Range(1, 1000)]
    public int ConcurrencyPerCore { get; set; } = 16;

    /// <summary>The largest stored object, bytes.</summary>
    [Range(typeof(long), "1", "1099511627776")]
    public long MaxStoredBytes { get; set; } = 1L << 30;

    /// <summary>The largest result document after decompression, bytes.</summary>
    [Range(typeof(long), "1", "1099511627776")]
    public long MaxExpandedBytes { get; set; } = 2L << 30;

    /// <summary>
    /// The highest expansion of a compressed object, over all its layers, once it has given more than 1 MiB; real pages
    /// stay below 50.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxRatio { get; set; } = 500;

    /// <summary>The deepest nesting of a result document.</summary>
    [Range(1, 1000)]
    public int MaxDepth { get; set; } = 256;

    /// <summary>Bytes of a record held in memory before it spills to a temporary file.</summary>
    [Range(0, 1 << 30)]
    public int SpillAt { get; set; } = 4 << 20;

    /// <summary>
    /// Bytes of all records in progress held in memory; beyond them each has 64 KiB, and the rest of it spills.
    /// </summary>
    [Range(typeof(long), "1", "1099511627776")]
    public long StagingBytes { get; set; } = 16 << 20;

    /// <summary>The folder for spilled records.</summary>
    public string SpillFolder { get; set; } = Path.GetTempPath();

    /// <summary>
    /// How long a finished task's object may be missing, damaged or unfinished before the API's copy is read instead.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00")]
    public TimeSpan ObjectDeadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The first wait for an object that is missing or damaged; doubles each time.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long results wait while a store refuses us (a missing grant, an expired session, a wrong key) before they end as
    /// <c>access_denied</c>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "30.00:00:00")]
    public TimeSpan RefusedWindow { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Results of one list read at once by this process.</summary>
    internal int ConcurrencyPerList => ConcurrencyPerCore * Environment.ProcessorCount;

    /// <summary>Results of all lists read at once by this process.</summary>
    internal int Concurrency => ConcurrencyPerList + Math.Max(1, ConcurrencyPerList / 2);
}
