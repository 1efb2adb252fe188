namespace Pipeline;

/// <summary>
/// The one exception of the pipeline: it tells the caller's next move. Anything else that escapes is a bug, and is let
/// through so that the host counts it and tries again.
/// </summary>
public sealed class PipelineException : Exception
{
    private PipelineException(string reason, string message, bool isPermanent, TimeSpan? retryAfter, Exception? inner)
        : base(message, inner)
    {
        Reason = reason;
        IsPermanent = isPermanent;
        RetryAfter = retryAfter;
    }

    /// <summary>A word of the fixed vocabulary in <see cref="FailureReasons"/>.</summary>
    public string Reason { get; }

    /// <summary>True when trying again cannot help; the work goes to the dead letters with its reason.</summary>
    public bool IsPermanent { get; }

    /// <summary>For a transient error: how long the other side asked us to wait; null leaves it to our own backoff.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>
    /// True when the pipeline's own store is at fault (ledger, queue, sink or disk) and not the work at hand. Such a fault
    /// counts as no try and fails no input. A transient one is waited out; a permanent one stops the host.
    /// </summary>
    public bool IsStoreFault { get; private init; }

    /// <summary>Whether the host must stop: its own store cannot be used until somebody repairs it.</summary>
    public bool StopsHost => IsStoreFault && IsPermanent;

    /// <summary>Trying again cannot help. The message says what is wrong, where, and what to do.</summary>
    public static PipelineException Permanent(string reason, string message, Exception? inner = null) =>
        new(reason, message, isPermanent: true, retryAfter: null, inner);

    /// <summary>Trying again later may help.</summary>
    public static PipelineException Transient(string reason, string message, TimeSpan? retryAfter = null, Exception? inner = null) =>
        new(reason, message, isPermanent: false, retryAfter, inner);

    /// <summary>The pipeline's own store cannot be used for now, such as a full disk. The work waits and goes on.</summary>
    public static PipelineException StoreWaits(string reason, string message, Exception? inner = null, TimeSpan? retryAfter = null) =>
        new(reason, message, isPermanent: false, retryAfter, inner) { IsStoreFault = true };

    /// <summary>The pipeline's own store is gone, refused or broken. The host stops; the same command goes on later.</summary>
    public static PipelineException StoreStops(string reason, string message, Exception? inner = null) =>
        new(reason, message, isPermanent: true, retryAfter: null, inner) { IsStoreFault = true };
}
