namespace Pipeline.Records;

/// <summary>How <see cref="RecordQueueReader"/> works. The defaults suit most consumers.</summary>
public sealed record RecordQueueOptions
{
    /// <summary>
    /// Time for which a message is hidden from other consumers. It is extended while its records are handled, so it
    /// only bounds how long a message of a killed consumer waits. Default: 5 minutes.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Delay until a message whose records were not all handled comes again; doubled with each try, up to 10 minutes.
    /// Default: 10 seconds.
    /// </summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Number of times a message is tried before it goes to the queue's poison queue. Default: 5, as in Functions.
    /// </summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>
    /// Longest wait between looks at an empty queue; each look is billed. Default: 5 seconds.
    /// </summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Which records were handled. Default: the last 100,000, in memory, shared by all readers with these options.
    /// </summary>
    public IHandledRecords Handled { get; init; } = new RecentRecords();

    /// <summary>The limits of reading records.</summary>
    public RecordReaderOptions Reader { get; init; } = new();

    /// <summary>
    /// Called for each message that is put off because a record cannot be read, or that goes to the poison queue; for
    /// your log. Null: nothing.
    /// </summary>
    public Action<RecordQueueProblem>? OnProblem { get; init; }
}

/// <summary>A message that could not be handled.</summary>
/// <param name="Text">The text of the message.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="IsPoison">Whether it went to the poison queue; otherwise it comes again.</param>
public sealed record RecordQueueProblem(string Text, string Reason, bool IsPoison);
