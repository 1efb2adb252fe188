namespace Pipeline.Model;

/// <summary>
/// The pipeline's only exception type. It says what the caller should do next. Any other exception is a bug: it is not
/// caught here, so that the host counts it and retries the message.
/// </summary>
public sealed class PipelineException : Exception
{
    private PipelineException(string reason, string message, bool isPermanent, TimeSpan? retryAfter, Exception? inner)
        : this(reason, message, [], isPermanent, retryAfter, inner) { }

    private PipelineException(
        string reason,
        string summary,
        IReadOnlyList<string> details,
        bool isPermanent,
        TimeSpan? retryAfter,
        Exception? inner)
        : base(details.Count == 0 ? summary : $"{summary} {string.Join("; ", details)}", inner)
    {
        Summary = summary;
        Details = details;
        Reason = reason;
        IsPermanent = isPermanent;
        RetryAfter = retryAfter;
    }

    /// <summary>One of <see cref="FailureReasons"/>.</summary>
    public string Reason { get; }

    /// <summary>The message without its details.</summary>
    public string Summary { get; }

    /// <summary>Problems of single lines of a list, one text per line; usually empty, never many.</summary>
    public IReadOnlyList<string> Details { get; }

    /// <summary>True if a retry cannot help; the message is dead-lettered with the reason.</summary>
    public bool IsPermanent { get; }

    /// <summary>
    /// For a transient error, the wait that the service asked for; null leaves it to our own backoff.
    /// </summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>
    /// True if the pipeline's own store (ledger, queue, sink or disk) is at fault, not the work in hand. Such a fault
    /// does not count as an attempt and fails no input. The host waits out a transient one and stops for a permanent
    /// one.
    /// </summary>
    public bool IsStoreFault { get; private init; }

    /// <summary>Whether the host must stop because its own store needs repair.</summary>
    public bool StopsHost => IsStoreFault && IsPermanent;

    /// <summary>A retry cannot help. The message says what is wrong, where, and what to do.</summary>
    public static PipelineException Permanent(string reason, string message, Exception? inner = null) =>
        new(reason, message, isPermanent: true, retryAfter: null, inner);

    /// <summary>A retry cannot help. Each faulty line of a list has its own text.</summary>
    public static PipelineException Permanent(
        string reason,
        string summary,
        IReadOnlyList<string> details,
        Exception? inner = null) => new(reason, summary, details, isPermanent: true, retryAfter: null, inner);

    /// <summary>A later retry may succeed.</summary>
    public static PipelineException Transient(
        string reason, string message, TimeSpan? retryAfter = null, Exception? inner = null) =>
        new(reason, message, isPermanent: false, retryAfter, inner);

    /// <summary>
    /// The pipeline's own store is temporarily unusable, for example a full disk. The work waits and resumes.
    /// </summary>
    public static PipelineException StoreWaits(
        string reason, string message, Exception? inner = null, TimeSpan? retryAfter = null) =>
        new(reason, message, isPermanent: false, retryAfter, inner) { IsStoreFault = true };

    /// <summary>
    /// The pipeline's own store is missing, broken or denies access. The host stops; rerun the same command to
    /// continue.
    /// </summary>
    public static PipelineException StoreStops(string reason, string message, Exception? inner = null) =>
        new(reason, message, isPermanent: true, retryAfter: null, inner) { IsStoreFault = true };
}
