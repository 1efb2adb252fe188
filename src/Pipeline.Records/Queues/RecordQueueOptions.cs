namespace Pipeline.Records;

/// <summary>
/// Options of the queue readers. The defaults suit most consumers. A value out of its range throws
/// <see cref="ArgumentOutOfRangeException"/>.
/// </summary>
public sealed record RecordQueueOptions
{
    /// <summary>
    /// Time for which a message is hidden from other consumers. It is extended while records are handled, so it only
    /// limits how long the message of a killed consumer waits. From 1 second to 7 days. Default: 5 minutes.
    /// </summary>
    public TimeSpan Lease
    {
        get;
        init => field = InRange(value, TimeSpan.FromSeconds(1), nameof(Lease));
    } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Delay before a message arrives again if its records were not all handled; doubles with each attempt, up to 10
    /// minutes. From 0 to 7 days. Default: 10 seconds.
    /// </summary>
    public TimeSpan RetryDelay
    {
        get;
        init => field = InRange(value, TimeSpan.Zero, nameof(RetryDelay));
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Number of attempts before a message goes to the queue's poison queue; at least 1. Default: 5, as in Functions.
    /// </summary>
    public int MaxTries
    {
        get;
        init => field = value > 0 ? value : throw OutOfRange(nameof(MaxTries), value, "at least 1");
    } = 5;

    /// <summary>
    /// Longest wait between polls of an empty queue; each poll is billed. From 0.1 seconds to 7 days. Default: 5
    /// seconds.
    /// </summary>
    public TimeSpan LongestWait
    {
        get;
        init => field = InRange(value, MessageSource.ShortestWait, nameof(LongestWait));
    } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Remembers which records were handled. Default: the last 100,000, in memory, shared by all readers with these
    /// options.
    /// </summary>
    public IHandledRecords Handled { get; init; } = new RecentRecords();

    /// <summary>Limits for reading records.</summary>
    public RecordReaderOptions Reader { get; init; } = new();

    /// <summary>
    /// Called for each message that is postponed because a record cannot be read, or that goes to the poison queue; for
    /// your log. Null: nothing is called.
    /// </summary>
    public Action<RecordQueueProblem>? OnProblem { get; init; }

    /// <summary>Azure hides a message for at most 7 days.</summary>
    private static TimeSpan InRange(TimeSpan value, TimeSpan min, string name) =>
        value >= min && value <= TimeSpan.FromDays(7)
            ? value
            : throw OutOfRange(name, value, $"from {min} to {TimeSpan.FromDays(7)}");

    private static ArgumentOutOfRangeException OutOfRange(string name, object value, string range) =>
        new(name, value, $"{name} must be {range}.");
}

/// <summary>A message that could not be handled.</summary>
/// <param name="Text">The text of the message.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="IsPoison">Whether it went to the poison queue; otherwise it arrives again.</param>
public sealed record RecordQueueProblem(string Text, string Reason, bool IsPoison);
