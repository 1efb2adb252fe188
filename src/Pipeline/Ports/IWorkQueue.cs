namespace Pipeline.Ports;

/// <summary>
/// Where a stage leaves work for the next one.
/// </summary>
/// <remarks>
/// Contract: when a send returns, its messages survive a crash of the process. Each message is delivered at least once, in
/// no particular order, to whoever serves the queue; a message that keeps failing ends in <c>{queue}-poison</c>. A send
/// that throws may have sent some of its messages: the caller repeats, and receivers bear the duplicates.
/// There is no receive: on Azure the Functions host dequeues, elsewhere <c>LocalRunner</c> does.
/// </remarks>
public interface IWorkQueue
{
    /// <summary>The longest delay of a message. A longer one is shortened to it: who must not act earlier checks the time itself.</summary>
    static readonly TimeSpan MaxDelay = TimeSpan.FromDays(7);

    /// <summary>A delay as queues take it: not negative, and at most <see cref="MaxDelay"/>.</summary>
    internal static TimeSpan Bound(TimeSpan delay) => delay < TimeSpan.Zero ? TimeSpan.Zero : delay < MaxDelay ? delay : MaxDelay;

    /// <summary>Sends messages to one queue.</summary>
    /// <param name="queue">One of <see cref="QueueNames"/>.</param>
    /// <param name="messages">UTF-8 JSON bodies.</param>
    /// <param name="delay">How long they stay invisible; zero for at once. One beyond <see cref="MaxDelay"/> is shortened to it.</param>
    /// <param name="cancellationToken">Stops the sending; messages already sent stay sent.</param>
    /// <exception cref="PipelineException">Transient: the queue cannot be reached.</exception>
    Task SendAsync(string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay, CancellationToken cancellationToken);
}

/// <summary>The names of the queues.</summary>
public static class QueueNames
{
    /// <summary>Lists of URLs, from users.</summary>
    public const string UrlLists = "url-lists";

    /// <summary>One message per submission to be posted.</summary>
    public const string Submissions = "submissions";

    /// <summary>Tasks whose results may be there, some of one submission to a message.</summary>
    public const string Results = "results";

    /// <summary>Behind the name of a queue: where its messages go after the last try.</summary>
    public const string PoisonSuffix = "-poison";
}
