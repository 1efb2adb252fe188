namespace Pipeline.Options;

/// <summary>Settings of <c>QueueHost</c>, the host on one machine.</summary>
internal sealed class QueueHostOptions : ISettings
{
    /// <summary>
    /// How long a message is leased; its lease is renewed after a third of that. The messages of a worker that died are
    /// delivered again at the next start, or after this time.
    /// </summary>
    [Range<TimeSpan>("00:00:01", "1.00:00:00")]
    public TimeSpan Visibility { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest time between two sweeps.</summary>
    [Range<TimeSpan>("00:00:00.01", "01:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Time between sweeps while the queues are empty; doubles up to <see cref="SweepInterval"/> while they stay empty.
    /// </summary>
    [Range<TimeSpan>("00:00:00.01", "01:00:00")]
    public TimeSpan IdleSweepInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Wait before the second try of a failed message; doubles with each try. A random part of up to half is left out.
    /// </summary>
    [Range<TimeSpan>("00:00:00.001", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Longest such wait. Not a setting: with five tries the waits reach it only if RetryDelay is long.
    /// </summary>
    internal TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Number of sweeps in a row that may fail before the run ends with the error; transient errors do not count. Not a
    /// setting: more sweeps do not cure a fault that five met. <c>serve</c> raises it and never ends.
    /// </summary>
    internal int MaxSweepFailures { get; set; } = 5;
}

/// <summary>The handler of a queue.</summary>
/// <param name="Queue">The queue's name.</param>
/// <param name="Concurrency">Number of messages it handles at the same time.</param>
/// <param name="HandleAsync">Handles the body of a message. <see cref="Ports.Tries"/> decides by what it
/// throws.</param>
/// <param name="LeadsToWork">
/// Whether its messages may lead to work for Sweep, which then waits until the queue is empty.
/// </param>
internal sealed record QueueHandler(
    string Queue, int Concurrency, Func<ReadOnlyMemory<byte>, CancellationToken, Task> HandleAsync,
    bool LeadsToWork = true);
