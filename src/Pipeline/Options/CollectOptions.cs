using Pipeline.Model;

namespace Pipeline.Options;

/// <summary>Whether a record carries the content.</summary>
public enum ContentMode
{
    /// <summary>The record holds the content.</summary>
    Inline,

    /// <summary>The record holds only <c>source</c>; the consumer opens the object.</summary>
    Reference,
}

/// <summary>How to treat a result that reports success but has no <c>data</c>.</summary>
public enum EmptyResultMode
{
    /// <summary>A failure, <c>empty_result</c>.</summary>
    Fail,

    /// <summary>A record without content.</summary>
    Record,
}

/// <summary>Settings of Collect: how results are read and checked.</summary>
public sealed class CollectOptions : ISettings
{
    /// <summary>Whether records carry the content.</summary>
    public ContentMode Content { get; set; } = ContentMode.Inline;

    /// <summary>How to treat a result that reports success but has no data.</summary>
    public EmptyResultMode EmptyResults { get; set; } = EmptyResultMode.Fail;

    /// <summary>
    /// HTTP statuses of pages that fail with <c>page_status</c>, separated by commas: <c>503</c>, or <c>4xx</c> for 400
    /// to 499. Empty: every page becomes a record.
    /// </summary>
    public string FailStatuses { get; set; } = "";

    /// <summary>
    /// Number of results of one list read at the same time per core of the process. Half as many more are read for
    /// other lists.
    /// </summary>
    [Range<int>("1", "1000")]
    public int ConcurrencyPerCore { get; set; } = 16;

    /// <summary>Largest stored object, in bytes.</summary>
    [Range<long>("1", "1099511627776")]
    public long MaxStoredBytes { get; set; } = 1L << 30;

    /// <summary>Largest result after decompression, in bytes.</summary>
    [Range<long>("1", "1099511627776")]
    public long MaxExpandedBytes { get; set; } = 2L << 30;

    /// <summary>
    /// Highest expansion of a compressed object over all its layers, checked after the first 1 MiB. Real pages stay
    /// below 50.
    /// </summary>
    [Range<int>("1", "1000000")]
    public int MaxRatio { get; set; } = 500;

    /// <summary>Deepest nesting of a result.</summary>
    [Range<int>("1", "1000")]
    public int MaxDepth { get; set; } = 256;

    /// <summary>Bytes of one record kept in memory before it spills to a temporary file.</summary>
    [Range<int>("0", "1073741824")]
    public int SpillAt { get; set; } = 4 << 20;

    /// <summary>
    /// Bytes of all records in progress kept in memory. Beyond that each keeps 32 KiB, and the rest of it spills.
    /// </summary>
    [Range<long>("1", "1099511627776")]
    public long StagingBytes { get; set; } = 16 << 20;

    /// <summary>Folder for spilled records.</summary>
    public string SpillFolder { get; set; } = Path.GetTempPath();

    /// <summary>
    /// How long a webhook's hint waits for others of its submission, so that they share a message and its writes. 0
    /// disables.
    /// </summary>
    [Range<TimeSpan>("00:00:00", "00:00:10")]
    public TimeSpan GatherFor { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long the object of a finished task may be missing, damaged or unfinished before the API's copy is read
    /// instead.
    /// </summary>
    [Range<TimeSpan>("00:00:00", "7.00:00:00")]
    public TimeSpan ObjectDeadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>First wait for an object that is missing or damaged; doubles with each attempt.</summary>
    [Range<TimeSpan>("00:00:00.001", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long results wait while a store refuses access (a missing grant, an expired session, a wrong key) before
    /// they fail with <c>access_denied</c>.
    /// </summary>
    [Range<TimeSpan>("00:00:00.1", "30.00:00:00")]
    public TimeSpan RefusedWindow { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Number of results of one list that this process reads at the same time.</summary>
    internal int ConcurrencyPerList => ConcurrencyPerCore * Environment.ProcessorCount;

    /// <summary>
    /// Maximum number of results of one list that are being read or wait to be stored: one for each 128 KiB of the
    /// staging memory, but at least those being read plus one message.
    /// </summary>
    internal int StagedPerList =>
        (int)Math.Clamp(StagingBytes >> 17, ConcurrencyPerList + ResultMessage.MaxTasks, int.MaxValue);

    /// <summary>Number of results of all lists that this process reads at the same time.</summary>
    internal int Concurrency => ConcurrencyPerList + Math.Max(1, ConcurrencyPerList / 2);
}
